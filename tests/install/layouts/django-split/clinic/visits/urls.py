from django.urls import path

from clinic.visits import views

app_name = "visits"
urlpatterns = [path("<int:number>/", views.visit, name="visit")]
