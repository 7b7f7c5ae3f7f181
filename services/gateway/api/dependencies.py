"""What the routes share."""

from typing import Annotated, cast

from fastapi import Depends, Request

from services.gateway.settings import GatewaySettings


def _settings(request: Request) -> GatewaySettings:
    return cast(GatewaySettings, request.app.state.runtime.settings)


SettingsDep = Annotated[GatewaySettings, Depends(_settings)]
