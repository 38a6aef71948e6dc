"""The sections of sunward.toml that belong to doors: what is not written there stays shut."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from notify.settings import Section

Seconds = Annotated[float, Field(ge=1, le=86400)]
PLAIN_TOPIC = r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"
HA_TOKEN = "HA_TOKEN"


def host_and_port(value: str) -> tuple[str, int]:
    """Both halves of "HOST:PORT". Raises ValueError with a sentence."""
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError('write a host and a port, like "192.168.0.10:1883"')
    return host.strip("[]"), int(port)


class MqttSettings(Section):
    """[mqtt]: a broker in the house. MQTT_USER and MQTT_PASSWORD lie in credentials.env."""

    broker: str
    prefix: Annotated[str, Field(pattern=PLAIN_TOPIC, max_length=60)] = "sunward"
    control: bool = True
    every_s: Annotated[float, Field(ge=5, le=3600)] = 60.0
    at_most_every_s: Annotated[float, Field(ge=1, le=3600)] = 1.0
    tls: bool = False
    ca_file: Path | None = None

    @field_validator("broker")
    @classmethod
    def _a_broker(cls, value: str) -> str:
        host_and_port(value)
        return value


class HomeAssistantSettings(Section):
    """[homeassistant]: devices over MQTT discovery, and sensors over its REST API (HA_TOKEN)."""

    discovery: bool = True
    discovery_prefix: Annotated[str, Field(pattern=PLAIN_TOPIC, max_length=60)] = "homeassistant"
    url: Annotated[str, Field(pattern=r"^(https?://[^\s?#@]+)?$")] = ""
    sensors: Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=40)] = "sunward"
    every_s: Seconds = 60.0


class LegacySettings(Section):
    """[legacy]: what TWCManager and its pages spoke. Nothing of it is open unless it is asked for."""

    http: str = ""
    http_read: bool = True
    http_control: bool = False
    allow: tuple[str, ...] = ("127.0.0.1", "::1")
    hosts: tuple[str, ...] = ()
    cancel_means_stop: bool = False
    mqtt_prefix: Annotated[str, Field(pattern=rf"^$|{PLAIN_TOPIC}", max_length=60)] = ""
    mqtt_control: bool = False
    mqtt_discovery: bool | None = None
    mqtt_device_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_ .-]+$", max_length=40)] = "TWC"
    ipc_path: str = ""
    ipc_control: bool = False
    ipc_rights: Literal["owner", "group", "everybody"] = "owner"

    @field_validator("http")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value:
            host_and_port(value)
        return value

    @field_validator("allow")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            try:
                ip_network(one)
            except ValueError:
                raise ValueError(
                    f'{one!r} is no address or network: write "192.168.0.7" or "192.168.0.0/24"'
                ) from None
        return value


class EvccSettings(Section):
    """[evcc]: how long an order of evcc holds after the last sign of life from it."""

    hold_s: Annotated[float, Field(ge=60, le=86400)] = 3600.0


class OcppSettings(Section):
    """[ocpp]: each charger as a charge point of a central system. OCPP_PASSWORD lies in credentials.env."""

    url: Annotated[str, Field(pattern=r"^wss?://[^\s?#@]+$", max_length=200)]
    station: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.{}-]+$", max_length=40)] = "sunward-{id}"
    control: bool = True
    hold_s: Annotated[float, Field(ge=60, le=86400)] = 3600.0
    ca_file: Path | None = None

    @field_validator("station")
    @classmethod
    def _one_for_each(cls, value: str) -> str:
        if "{" in value.replace("{id}", "") or "}" in value.replace("{id}", ""):
            raise ValueError('{id} stands for the charger\'s id: write it like "sunward-{id}"')
        return value


def door_problems(
    mqtt: MqttSettings | None,
    homeassistant: HomeAssistantSettings | None,
    legacy: LegacySettings | None,
    secrets: Mapping[str, str],
) -> list[str]:
    """What each section allows and all of them together do not."""
    problems = []
    if mqtt is None and homeassistant is not None and homeassistant.discovery:
        problems.append(
            "homeassistant.discovery: goes over MQTT, and there is no [mqtt] section. "
            "Write one, or set discovery = false."
        )
    if mqtt is None and legacy is not None and legacy.mqtt_prefix:
        problems.append("legacy.mqtt_prefix: there is no [mqtt] section that says which broker to use.")
    if legacy is not None and legacy.mqtt_discovery is not None and not legacy.mqtt_prefix:
        problems.append("legacy.mqtt_discovery: speaks of the topics of legacy.mqtt_prefix. Set that too.")
    if mqtt is not None and legacy is not None and legacy.mqtt_prefix == mqtt.prefix:
        problems.append("legacy.mqtt_prefix: is the same as mqtt.prefix. Give each its own.")
    if homeassistant is not None and homeassistant.url and not secrets.get(HA_TOKEN):
        problems.append(f"homeassistant.url: put a long-lived token as {HA_TOKEN}=... into credentials.env.")
    if mqtt is not None and mqtt.ca_file is not None and not mqtt.ca_file.is_file():
        problems.append(f"mqtt.ca_file: {mqtt.ca_file} can't be found.")
    return problems
