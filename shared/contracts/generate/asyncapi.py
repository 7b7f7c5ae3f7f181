"""The AsyncAPI 3.0 description: topics as channels, what each service sends and receives, messages with examples."""

from collections.abc import Sequence
from typing import Any

from shared.contracts.base import Contract
from shared.contracts.generate.schemas import example_of, schema_file
from shared.contracts.generate.subscribers import Subscriber, subscriptions

# CloudEvents Kafka protocol binding §3.2: every attribute is a header ce_<name>, the value is the data itself
HEADERS = {
    "ce_specversion": "CloudEvents 版本",
    "ce_id": "事件编号，与 ce_source 一起唯一",
    "ce_source": "来源，如 /huifang/visits",
    "ce_type": "事件类型",
    "ce_time": "发生时间 (RFC 3339)",
    "ce_partitionkey": "客户编号；与 Kafka 消息键相同，同一客户的事件有序",
    "ce_subject": "业务对象，如 order/SO20260302-00417",
    "ce_lineageid": "起因事实的事件编号，闭环各环节相同",
    "ce_causationid": "直接引发本事件的事件编号",
    "ce_practice": "true 表示练习：不对外发送、不回写、不计数；真实的事件没有此项",
    "traceparent": "W3C Trace Context",
    "content-type": "application/json; charset=utf-8",
}
REQUIRED_HEADERS = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time")
KEYED = "消息键为客户编号（ce_partitionkey）：同一客户的事件在同一分区内有序；不涉及客户的事件以区域等自身编号为键。"
EXAMPLE_ID = "019cb2ba-c2f0-7c4e-9a52-7f1f0c2f7a11"
EXAMPLE_TIME = "2026-03-03T08:05:10+00:00"


def asyncapi(contracts: Sequence[Contract], subscribers: Sequence[Subscriber]) -> dict[str, Any]:
    """The document as a tree."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "回访平台事件",
            "version": "1",
            "description": "各服务经 Kafka 交换的事件：CloudEvents 1.0，二进制模式。由合同生成，请勿手改。",
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": {"host": "127.0.0.1:9092", "protocol": "kafka", "description": "HUIFANG_KAFKA_BOOTSTRAP"}},
        "channels": _channels(contracts, subscribers),
        "operations": _sends(contracts) | _receives(contracts, subscribers),
        "components": {
            "messages": {declared.name: _message(declared) for declared in contracts},
            "schemas": {"CloudEventHeaders": _headers()},
        },
    }


def _channels(contracts: Sequence[Contract], subscribers: Sequence[Subscriber]) -> dict[str, Any]:
    channels: dict[str, Any] = {}
    for declared in contracts:
        channel = channels.setdefault(declared.topic, {"address": declared.topic, "description": KEYED, "messages": {}})
        channel["messages"][declared.name] = {"$ref": f"#/components/messages/{declared.name}"}
    for service in sorted({subscriber.service for subscriber in subscribers}):
        channels[f"{service}-dlq"] = {
            "address": f"{service}-dlq",
            "description": f"{service} 的死信：原消息，加 dlq_reason、dlq_error、dlq_origin 三个消息头。",
        }
    return dict(sorted(channels.items()))


def _sends(contracts: Sequence[Contract]) -> dict[str, Any]:
    return {
        f"{owner}.send.{topic}": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{topic}"},
            "messages": [_on_channel(declared) for declared in contracts if declared.topic == topic],
        }
        for owner, topic in sorted({(declared.owner, declared.topic) for declared in contracts})
    }


def _receives(contracts: Sequence[Contract], subscribers: Sequence[Subscriber]) -> dict[str, Any]:
    return {
        f"{group}.receive.{topic}": {
            "action": "receive",
            "summary": service,
            "channel": {"$ref": f"#/channels/{topic}"},
            "messages": [_on_channel(declared) for declared in taken],
            "bindings": {"kafka": {"groupId": {"type": "string", "enum": [group]}, "bindingVersion": "0.5.0"}},
        }
        for (service, group, topic), taken in subscriptions(contracts, subscribers).items()
    }


def _on_channel(declared: Contract) -> dict[str, str]:
    return {"$ref": f"#/channels/{declared.topic}/messages/{declared.name}"}


def _message(declared: Contract) -> dict[str, Any]:
    fixed = {"type": "object", "properties": {"ce_type": {"type": "string", "const": declared.type}}}
    example = example_of(declared)
    return {
        "name": declared.type,
        "title": declared.title,
        "contentType": "application/json",
        "headers": {"allOf": [{"$ref": "#/components/schemas/CloudEventHeaders"}, fixed]},
        "payload": {"$ref": f"./{schema_file(declared)}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": "客户编号"}, "bindingVersion": "0.5.0"}},
        "examples": [{"name": "golden", "headers": _example_headers(declared, example), "payload": example}],
    }


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": "string", "description": text} for name, text in HEADERS.items()},
        "required": list(REQUIRED_HEADERS),
    }


def _example_key(declared: Contract, example: dict[str, Any]) -> str:
    """The customer; what concerns none goes by its area, or all of a kind together."""
    customer, area = example.get("customer") or {}, example.get("area") or {}
    return str(customer.get("id") or example.get("customer_id") or area.get("code") or declared.name)


def _example_headers(declared: Contract, example: dict[str, Any]) -> dict[str, str]:
    return {
        "ce_specversion": "1.0",
        "ce_id": EXAMPLE_ID,
        "ce_source": f"/huifang/{declared.owner}",
        "ce_type": declared.type,
        "ce_time": EXAMPLE_TIME,
        "ce_partitionkey": _example_key(declared, example),
        "ce_lineageid": EXAMPLE_ID,
        "content-type": "application/json; charset=utf-8",
    }
