"use strict";

// beside this page, whatever prefix the service has
window.SwaggerUIBundle({ url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true });
