// Shows the OpenAPI document with Swagger UI, which api_docs.html loads before this.

const place = document.getElementById("api");

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  // Sends nothing to anybody: no validator, and no key kept between visits.
  validatorUrl: null,
  persistAuthorization: false,
});
