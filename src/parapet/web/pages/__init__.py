"""One module per page: from a visit to an answer. Pages read, call one verb, and render; they decide nothing."""
