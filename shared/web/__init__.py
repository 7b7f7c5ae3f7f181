"""Pages for people: templates, own assets, login by API key, and a strict Content-Security-Policy.

Every service has them: `build_app` gives its app `/static` (ours), `/static/own` (the service's), `/static/vendor` (the few
files of `node_modules` that pages load), `/login` and `/logout`, and `/` (`shared.web.start`). A page is a route that returns
`render(request, "kpi.html", ...)`; whoever opens one without a valid key is sent to the login page.
"""

from shared.web.install import install_pages
from shared.web.render import render

__all__ = ["install_pages", "render"]
