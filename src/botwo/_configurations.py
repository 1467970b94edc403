"""Translate bucket configuration: filters, notifications, websites, and places that reports go to.

Under a route with a key prefix nothing may reach beyond it: what holds for the whole bucket is
narrowed to the prefix, and reads back as the whole bucket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botwo._translation import Params, Translation, split_arn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ONE_TAG = {"Tag": "Tags"}
_REPLACEMENTS = {"ReplaceKeyPrefixWith", "ReplaceKeyWith"}


def map_rule_filter(names: Translation, rule: Params) -> None:
    """Narrow a lifecycle or replication rule: ``Prefix``, the older form, or ``Filter``."""
    if isinstance(rule.get("Prefix"), str):
        rule["Prefix"] = names.own_prefix(rule["Prefix"])
    if "Filter" in rule or "Prefix" not in rule:
        map_filter(names, rule)


def map_filter(names: Translation, holder: Params) -> None:
    """Narrow a ``Filter``; without one everything is meant."""
    chosen = holder.get("Filter")
    if chosen is None:
        chosen = {}
    if not isinstance(chosen, dict):
        return
    # On another route too: an exclusion only takes from the prefix beside it, which is checked.
    chosen = _with_excluded(chosen, names.route.mapped_key)
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


def _with_excluded(chosen: Params, translate: Callable[[str], str]) -> Params:
    """Translate what ``Not`` excludes, which stands alone or beside what ``And`` has."""
    given = dict(chosen)
    if isinstance(given.get("And"), dict):
        given["And"] = _with_excluded(given["And"], translate)
    if isinstance(given.get("Not"), dict):
        given["Not"] = _excluded(given["Not"], translate)
    return given


def _excluded(excluded: Params, translate: Callable[[str], str]) -> Params:
    given: Params = _with_keys(excluded, {"Prefix"}, translate)
    several = given.get("Or")
    if isinstance(several, dict) and isinstance(several.get("Prefixes"), list | tuple):
        prefixes = [
            translate(each) if isinstance(each, str) else each for each in several["Prefixes"]
        ]
        given["Or"] = {**several, "Prefixes": prefixes}
    return given


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
    chosen = _with_excluded(chosen, names.back_prefix)
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
    if any(map(_names_prefix, rules)):
        mapped = [_with_value(rule, names.own_prefix) for rule in rules]
    else:
        whole = names.own_prefix("")
        mapped = [{"Name": "prefix", "Value": whole}, *rules] if whole else rules
    if mapped != rules:
        _set_filter_rules(target, mapped)


def unmap_notification(names: Translation, target: Params) -> None:
    """Give one target's events back; without a prefix where they are of the whole bucket."""
    if not names.route.key_prefix:
        return
    rules = _filter_rules(target)
    if not any(map(_names_prefix, rules)):
        names.back_prefix("")
    given = [_with_value(rule, names.back_prefix) for rule in rules]
    kept = [rule for rule in given if rule["Value"] or not _names_prefix(rule)]
    if kept:
        _set_filter_rules(target, kept)
    else:
        target.pop("Filter", None)


def _filter_rules(target: Params) -> list[Any]:
    """Give a target's filter rules, none where they are not what botocore takes."""
    key = target.get("Filter")
    key = key.get("Key") if isinstance(key, dict) else None
    rules = key.get("FilterRules") if isinstance(key, dict) else None
    return list(rules) if isinstance(rules, list | tuple) else []


def _names_prefix(rule: Any) -> bool:
    return isinstance(rule, dict) and str(rule.get("Name", "")).lower() == "prefix"


def _with_value(rule: Any, translate: Callable[[str], str]) -> Any:
    value = rule.get("Value", "") if _names_prefix(rule) else None
    return {**rule, "Value": translate(value)} if isinstance(value, str) else rule


def _set_filter_rules(target: Params, rules: Iterable[Params]) -> None:
    chosen = target["Filter"] if isinstance(target.get("Filter"), dict) else {}
    key = chosen["Key"] if isinstance(chosen.get("Key"), dict) else {}
    target["Filter"] = {**chosen, "Key": {**key, "FilterRules": list(rules)}}


def refuse_whole_bucket(names: Translation, what: str) -> None:
    """Refuse what reaches every key of the bucket where the caller's bucket is less than that."""
    if names.own_prefix(""):
        raise names.refusal(
            f"{what} reaches all of {names.route.mapped_bucket!r}, beyond {names.route}; "
            "use that store's own client for it"
        )


def refuse_present(names: Translation, holder: Params, member: str) -> None:
    """Refuse a member that reaches every key of the bucket, where it is there."""
    if member in holder:
        refuse_whole_bucket(names, member)


def map_website(names: Translation, website: Params) -> None:
    """Map a website's keys and prefixes; a redirect of all requests reaches the whole bucket."""
    if "RedirectAllRequestsTo" in website:
        refuse_whole_bucket(names, "RedirectAllRequestsTo")
    if "ErrorDocument" in website:
        website["ErrorDocument"] = _with_keys(website["ErrorDocument"], {"Key"}, names.own_prefix)
    if isinstance(website.get("RoutingRules"), list | tuple):
        website["RoutingRules"] = [_map_redirect(names, rule) for rule in website["RoutingRules"]]


def _with_keys(holder: Any, members: set[str], translate: Callable[[str], str]) -> Any:
    """Translate members of a dict where they are what botocore takes."""
    if not isinstance(holder, dict):
        return holder
    return {
        name: translate(value) if name in members and isinstance(value, str) else value
        for name, value in holder.items()
    }


def _map_redirect(names: Translation, rule: Any) -> Any:
    condition = rule.get("Condition", {}) if isinstance(rule, dict) else None
    redirect = rule.get("Redirect", {}) if isinstance(rule, dict) else None
    if not (isinstance(condition, dict) and isinstance(redirect, dict)):
        return rule
    asked = condition.get("KeyPrefixEquals", "")
    mapped = names.own_prefix(asked) if isinstance(asked, str) else asked
    if mapped:
        condition = {**condition, "KeyPrefixEquals": mapped}
    if "HostName" not in redirect:
        redirect = _with_keys(redirect, _REPLACEMENTS, names.own_prefix)
    elif names.route.moves_keys and not _REPLACEMENTS & redirect.keys():
        # Another host knows the caller's names, not the store's.
        redirect = {**redirect, "ReplaceKeyPrefixWith": asked}
    given = {"Condition": condition, "Redirect": redirect}
    return {**rule, **{name: value for name, value in given.items() if value or name in rule}}


def unmap_website(names: Translation, website: Params) -> None:
    """Give a website back."""
    if not names.route.key_prefix:
        return
    if "RedirectAllRequestsTo" in website:
        refuse_whole_bucket(names, "RedirectAllRequestsTo")
    if "ErrorDocument" in website:
        website["ErrorDocument"] = _with_keys(website["ErrorDocument"], {"Key"}, names.back_prefix)
    if "RoutingRules" in website:
        website["RoutingRules"] = [_unmap_redirect(names, rule) for rule in website["RoutingRules"]]


def _unmap_redirect(names: Translation, rule: Params) -> Params:
    condition = dict(rule.get("Condition", {}))
    redirect = dict(rule.get("Redirect", {}))
    asked = names.back_prefix(condition.pop("KeyPrefixEquals", ""))
    if asked:
        condition["KeyPrefixEquals"] = asked
    if "HostName" not in redirect:
        redirect = _with_keys(redirect, _REPLACEMENTS, names.back_prefix)
    elif redirect.get("ReplaceKeyPrefixWith") == asked:
        del redirect["ReplaceKeyPrefixWith"]
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
    if prefix in place or (mapped and prefix != "TargetPrefix"):  # botocore wants that one said
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
    if not isinstance(holder.get(member), str):
        return
    start, mapped, rest = split_arn(holder[member])
    holder[member] = start + names.caller_route(mapped, names.route.key_prefix).bucket + rest
