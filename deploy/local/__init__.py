"""The platform on one machine: servers, stand-ins and six services as child processes of one small supervisor.

`settings` says where everything lies and listens, `processes` is the table of what runs, `supervisor` keeps it running,
`platform` brings it up and down in order. What a run leaves below `var/` is all there is: stop, reset and status work
from those files alone.
"""
