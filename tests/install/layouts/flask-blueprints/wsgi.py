from notes import create_app

application = create_app({"TESTING": False})
