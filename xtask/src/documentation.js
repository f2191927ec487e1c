// No validator, because it is an external service.
SwaggerUIBundle({
  url: "openapi.yaml",
  dom_id: "#documentation",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: true,
  validatorUrl: null,
});
