"""The OpenAPI document, whole as it is served, and the page that shows it."""
