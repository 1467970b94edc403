"""Translate bucket configuration: filters, notifications, websites, and places that reports go to.

Under a route with a key prefix nothing may reach beyond it: what holds for the whole bucket is
narrowed to the prefix, and reads back as the whole bucket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botwo._translation import Params, Translation, split_arn

if TYPE_CHECKING:
    from collections.abc import Iterable

_ONE_TAG = {"Tag": "Tags"}


def map_rule_filter(names: Translation, rule: Params) -> None:
    """Narrow a lifecycle or replication rule: ``Prefix``, the older form, or ``Filter``."""
    if "Prefix" in rule and "Filter" not in rule:
        if isinstance(rule["Prefix"], str):
            rule["Prefix"] = names.own_prefix(rule["Prefix"])
    else:
        map_filter(names, rule)


def map_filter(names: Translation, holder: Params) -> None:
    """Narrow a ``Filter``; without one everything is meant."""
    chosen = holder.get("Filter")
    if chosen is None:
        chosen = {}
    if not isinstance(chosen, dict):
        return
    whole = names.own_prefix("") if "Prefix" not in _leaf(chosen) else None
    if "And" in chosen and isinstance(chosen["And"], dict):
        holder["Filter"] = {**chosen, "And": _with_prefix(names, chosen["And"])}
    elif whole is None:
        holder["Filter"] = _with_prefix(names, chosen)
    elif whole and chosen:
        both = {_ONE_TAG.get(name, name): _plural(name, value) for name, value in chosen.items()}
        holder["Filter"] = {"And": {"Prefix": whole, **both}}
    elif whole:
        holder["Filter"] = {"Prefix": whole}


def _leaf(chosen: Params) -> Params:
    both = chosen.get("And")
    return both if isinstance(both, dict) else chosen


def _with_prefix(names: Translation, chosen: Params) -> Params:
    prefix = chosen.get("Prefix", "")
    if not isinstance(prefix, str):
        return chosen
    mapped = names.own_prefix(prefix)
    return {**chosen, "Prefix": mapped} if mapped or "Prefix" in chosen else chosen


def _plural(name: str, value: Any) -> Any:
    return [value] if name in _ONE_TAG else value


def unmap_rule_filter(names: Translation, rule: Params) -> None:
    """Give a lifecycle or replication rule back; its empty filter is ``{"Prefix": ""}``."""
    if not names.route.key_prefix:
        return
    if "Prefix" in rule and "Filter" not in rule:
        rule["Prefix"] = names.back_prefix(rule["Prefix"])
    else:
        rule["Filter"] = _unmapped_filter(names, rule.get("Filter") or {})


def unmap_filter(names: Translation, holder: Params) -> None:
    """Give a configuration back; without a filter where it holds for the whole bucket."""
    if not names.route.key_prefix:
        return
    chosen = _unmapped_filter(names, holder.get("Filter") or {})
    if chosen == {"Prefix": ""}:
        del holder["Filter"]
    else:
        holder["Filter"] = chosen


def _unmapped_filter(names: Translation, chosen: Params) -> Params:
    if "And" not in chosen:
        return {**chosen, "Prefix": names.back_prefix(chosen.get("Prefix", ""))}
    both = chosen["And"]
    prefix = names.back_prefix(both.get("Prefix", ""))
    rest = {name: value for name, value in both.items() if name != "Prefix"}
    if prefix:
        return {"And": {**both, "Prefix": prefix}}
    if len(rest) == 1 and len(rest.get("Tags", [None])) == 1:
        return {"Tag": rest["Tags"][0]} if "Tags" in rest else rest
    return {"And": rest}


def map_notification(names: Translation, target: Params) -> None:
    """Narrow one target's events to the prefix."""
    rules = _filter_rules(target)
    prefixes = [rule for rule in rules if _names_prefix(rule)]
    mapped = names.own_prefix(prefixes[0].get("Value", "") if prefixes else "")
    if mapped or prefixes:
        others = [rule for rule in rules if not _names_prefix(rule)]
        _set_filter_rules(target, [{"Name": "prefix", "Value": mapped}, *others])


def unmap_notification(names: Translation, target: Params) -> None:
    """Give one target's events back."""
    if not names.route.key_prefix:
        return
    rules = _filter_rules(target)
    prefixes = [rule for rule in rules if _names_prefix(rule)]
    prefix = names.back_prefix(prefixes[0].get("Value", "") if prefixes else "")
    others = [rule for rule in rules if not _names_prefix(rule)]
    kept = [{**prefixes[0], "Value": prefix}, *others] if prefix else others
    if kept:
        _set_filter_rules(target, kept)
    else:
        target.pop("Filter", None)


def _filter_rules(target: Params) -> list[Params]:
    key = (target.get("Filter") or {}).get("Key") or {}
    return list(key.get("FilterRules") or [])


def _names_prefix(rule: Params) -> bool:
    return str(rule.get("Name", "")).lower() == "prefix"


def _set_filter_rules(target: Params, rules: Iterable[Params]) -> None:
    key = {**(target.get("Filter") or {}).get("Key", {}), "FilterRules": list(rules)}
    target["Filter"] = {**(target.get("Filter") or {}), "Key": key}


def refuse_whole_bucket(names: Translation, what: str) -> None:
    """Refuse what reaches every key of the bucket where the caller's bucket is less than that."""
    if names.own_prefix(""):
        raise names.refusal(
            f"{what} reaches all of {names.route.mapped_bucket!r}, beyond {names.route}; "
            "set it with that store's own client"
        )


def map_website(names: Translation, website: Params) -> None:
    """Map a website's keys and prefixes; a redirect of all requests reaches the whole bucket."""
    if "RedirectAllRequestsTo" in website:
        refuse_whole_bucket(names, "RedirectAllRequestsTo")
    if isinstance(website.get("ErrorDocument"), dict) and "Key" in website["ErrorDocument"]:
        document = website["ErrorDocument"]
        website["ErrorDocument"] = {**document, "Key": names.own_prefix(document["Key"])}
    if isinstance(website.get("RoutingRules"), list | tuple):
        website["RoutingRules"] = [_map_redirect(names, rule) for rule in website["RoutingRules"]]


def _map_redirect(names: Translation, rule: Params) -> Params:
    condition = dict(rule.get("Condition") or {})
    redirect = dict(rule.get("Redirect") or {})
    asked = condition.get("KeyPrefixEquals", "")
    mapped = names.own_prefix(asked)
    if mapped or asked:
        condition["KeyPrefixEquals"] = mapped
    replaces = {"ReplaceKeyPrefixWith", "ReplaceKeyWith"} & redirect.keys()
    if "HostName" in redirect:
        # Another host knows the caller's names, not the store's.
        if not replaces and names.route.moves_keys:
            redirect["ReplaceKeyPrefixWith"] = asked
    else:
        redirect |= {member: names.own_prefix(redirect[member]) for member in replaces}
    return {**rule, **({"Condition": condition} if condition else {}), "Redirect": redirect}


def unmap_website(names: Translation, website: Params) -> None:
    """Give a website back."""
    if "Key" in website.get("ErrorDocument", {}):
        document = website["ErrorDocument"]
        website["ErrorDocument"] = {**document, "Key": names.back_prefix(document["Key"])}
    if "RoutingRules" in website:
        website["RoutingRules"] = [_unmap_redirect(names, rule) for rule in website["RoutingRules"]]


def _unmap_redirect(names: Translation, rule: Params) -> Params:
    condition = dict(rule.get("Condition", {}))
    redirect = dict(rule.get("Redirect", {}))
    asked = names.back_prefix(condition.pop("KeyPrefixEquals", ""))
    if asked:
        condition["KeyPrefixEquals"] = asked
    if "HostName" in redirect:
        if names.route.moves_keys and redirect.get("ReplaceKeyPrefixWith") == asked:
            del redirect["ReplaceKeyPrefixWith"]
    else:
        for member in {"ReplaceKeyPrefixWith", "ReplaceKeyWith"} & redirect.keys():
            redirect[member] = names.back_prefix(redirect[member])
    given = {name: value for name, value in rule.items() if name != "Condition"}
    return {**given, **({"Condition": condition} if condition else {}), "Redirect": redirect}


def map_place(names: Translation, place: Params, *, bucket: str, prefix: str) -> None:
    """Map a bucket, as ARN or name, and the prefix under which a store puts reports or logs."""
    if not isinstance(place.get(bucket), str) or not isinstance(place.get(prefix, ""), str):
        return
    start, name, rest = split_arn(place[bucket])
    route = names.other_route(name, place.get(prefix, ""))
    place[bucket] = start + route.mapped_bucket + rest
    mapped = route.mapped_key(place.get(prefix, ""))
    if mapped or prefix in place:
        place[prefix] = mapped


def unmap_place(names: Translation, place: Params, *, bucket: str, prefix: str) -> None:
    """Give such a place back."""
    if bucket not in place:
        return
    start, mapped, rest = split_arn(place[bucket])
    route = names.caller_route(mapped, place.get(prefix, ""))
    place[bucket] = start + route.bucket + rest
    if prefix in place:
        place[prefix] = route.key(place[prefix])
        if not place[prefix] and route.moves_keys and prefix == "Prefix":
            del place[prefix]


def map_replica(names: Translation, holder: Params, member: str) -> None:
    """Map the bucket that gets this bucket's objects: under the same keys, so under one prefix."""
    if not isinstance(holder.get(member), str):
        return
    start, name, rest = split_arn(holder[member])
    route = names.other_route(name, "")
    if route.key_prefix != names.route.key_prefix:
        raise names.refusal(
            f"replicas keep their keys at the store, but {names.route} and {route} have different "
            "key prefixes; give both the same",
            route,
        )
    holder[member] = start + route.mapped_bucket + rest


def unmap_replica(names: Translation, holder: Params, member: str) -> None:
    """Give the bucket of replicas back."""
    start, mapped, rest = split_arn(holder[member])
    holder[member] = start + names.caller_route(mapped, names.route.key_prefix).bucket + rest
