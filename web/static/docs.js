// The API page: Swagger UI over our own document.
window.addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    validatorUrl: null,
    persistAuthorization: false,
    requestInterceptor: (request) => {
      const csrf = document.cookie.match(/(?:^|; )vigil_csrf=([^;]+)/);
      if (csrf) request.headers["X-CSRF-Token"] = csrf[1];
      return request;
    },
  });
});
