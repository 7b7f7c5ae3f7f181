"use strict";

// beside this page, whatever prefix the service has; the list of all schemas below would cost seconds, each operation shows its own
window.SwaggerUIBundle({ url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, defaultModelsExpandDepth: -1 });
