// The status page: asks /api/v1/ and shows what it says. Texts are only ever set as text, never as markup.
"use strict";

const PAGE = 100;
const $ = (id) => document.getElementById(id);

/** An element with attributes and children; texts become text nodes. */
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const fill = (id, ...children) => $(id).replaceChildren(...children.flat());
const number = (value) => Number(value).toLocaleString("en");
const when = (seconds) => new Date(seconds * 1000).toLocaleString();
const badge = (kind, text, title) => el("span", { class: `badge ${kind}`, title }, text);

function micros(value) {
  if (value === undefined || value === null) return "–";
  if (value < 1000) return `${value} µs`;
  return value < 1e6 ? `${(value / 1000).toFixed(1)} ms` : `${(value / 1e6).toFixed(1)} s`;
}

function age(seconds) {
  const steps = [[86400, "d"], [3600, "h"], [60, "min"]];
  for (const [size, unit] of steps) if (seconds >= 2 * size) return `${Math.floor(seconds / size)} ${unit}`;
  return `${Math.max(0, Math.floor(seconds))} s`;
}

async function ask(path, query = {}) {
  const used = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const response = await fetch(`/api/v1/${path}?${new URLSearchParams(used)}`);
  const answer = await response.json();
  if (!response.ok) throw new Error(`${answer.what}; ${answer.remedy}`);
  return answer;
}

/** Runs what may fail and says so at the top of the page. */
async function attempt(work) {
  try {
    await work();
    $("trouble").hidden = true;
  } catch (error) {
    $("trouble").textContent = `No answer from the server: ${error.message}`;
    $("trouble").hidden = false;
  }
}

function table(heads, rows) {
  if (rows.length === 0) return el("p", { class: "dim" }, "none");
  const right = (at) => (heads[at].startsWith(">") ? "number" : undefined);
  return el("table", {},
    el("thead", {}, el("tr", {}, heads.map((head, at) => el("th", { scope: "col", class: right(at) }, head.replace(">", ""))))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell, at) => el("td", { class: right(at) }, cell))))));
}

// ---- overview ----

function showTraffic(traffic) {
  const { queries, replies, latency } = traffic.pace;
  $("rate").textContent = queries.length ? number(queries[queries.length - 1]) : "–";
  const most = Math.max(1, ...queries);
  const points = queries.map((value, at) => `${(at * 240) / Math.max(1, queries.length - 1)},${46 - (value * 44) / most}`);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", points.length > 1 ? `M${points.join("L")}` : "");
  $("spark").replaceChildren(path);
  $("p99").textContent = micros(latency.p99);
  $("latency").textContent = latency.looked_at
    ? `half within ${micros(latency.median)}, 90 % within ${micros(latency.p90)}; ${number(latency.looked_at)} replies looked at in the last minute`
    : "no reply in the last minute";
  const total = Object.values(replies).reduce((sum, count) => sum + count, 0);
  const sorted = Object.entries(replies).sort((a, b) => b[1] - a[1]);
  fill("rcodes", sorted.length ? sorted.flatMap(([rcode, count]) => [
    el("span", {}, rcode),
    el("progress", { max: total, value: count, "aria-label": rcode }),
    el("span", {}, `${((100 * count) / total).toFixed(1)} %`),
  ]) : el("span", { class: "dim" }, "none in the last minute"));
  const frequent = traffic.frequent;
  const share = (row) => `${((100 * row.queries) / Math.max(1, frequent.queries)).toFixed(1)} %`;
  const rows = (list) => list.slice(0, 10).map((row) => [row.what, number(row.queries), share(row)]);
  fill("frequent-names", table(["Name", ">Queries", ">Share"], rows(frequent.names)));
  fill("frequent-clients", table(["Client", ">Queries", ">Share"], rows(frequent.clients)));
  const state = (one) => badge(one.state === "up" ? "good" : "bad", one.state, one.last_error);
  fill("upstreams", table(["Upstream", "State", ">Round trip", ">Asked", ">Timeouts", ">Failures"], traffic.upstreams.map((one) =>
    [one.upstream, state(one), micros(one.srtt), number(one.asked), number(one.timeouts), number(one.servfail + one.refused + one.useless)])));
}

function showStatus(status) {
  const good = status.healthy;
  $("state").className = `badge ${good ? "good" : "bad"}`;
  $("state").textContent = good ? "serves what the files say" : "does not serve all that the files say";
  $("server").textContent = `horizond ${status.version}, up ${age(Date.now() / 1000 - status.started)}, loaded ${age(Date.now() / 1000 - status.last_reload.at)} ago, on ${status.listen.join(", ")}`;
  const cache = status.cache;
  const asked = cache ? cache.hits + cache.misses : 0;
  $("hits").textContent = asked ? `${((100 * cache.hits) / asked).toFixed(1)} %` : "–";
  $("cache").textContent = cache ? `${number(cache.entries)} answers, ${number(Math.round(cache.octets / 1024))} of ${number(Math.round(cache.size / 1024))} KiB` : "nothing is forwarded";
  const rows = status.horizons.flatMap((horizon) => horizon.zones.map((zone) => [
    horizon.name, zone.origin, number(zone.names), number(zone.records), String(zone.serial), zone.inherited ? "inherited" : (zone.file ?? "in memory")]));
  fill("zones", table(["Horizon", "Zone", ">Names", ">Records", ">Serial", "File"], rows.slice(0, 500)));
}

// ---- names ----

let offset = 0;
let matching = 0;
let asking = 0;

// From the worst to the best that can be known of a way.
const STATES = ["not-applicable", "blocked", "contradicted", "unreachable", "unknown", "plausible", "degraded", "reachable", "verified"];

function certificate(acme) {
  if (!acme) return el("span", { class: "none" }, "–");
  const states = Object.values(acme.challenges).sort((a, b) => STATES.indexOf(b) - STATES.indexOf(a));
  const shut = states.filter((state) => kindOf(state) === "bad").length;
  const others = shut > 0 && acme.verdict !== "shut" ? badge("warn", `${shut} of ${states.length} shut`, ways(acme)) : null;
  const days = acme.days_left;
  const left = days === undefined ? null : badge(days < 0 ? "bad" : days < 2 ? "warn" : "good", days < 0 ? "expired" : `${days} d left`, when(acme.expires));
  return [badge(kindOf(states[0]), states[0], ways(acme)), others, left].filter(Boolean);
}

const ways = (acme) => Object.entries(acme.challenges).map(([challenge, state]) => `${challenge}: ${state}`).join("\n");

function provenance(address) {
  const place = address.place ? `${address.place.file}${address.place.line ? `:${address.place.line}` : ""}` : "";
  return [address.source ? `from ${address.source}` : "", place].filter(Boolean).join("\n");
}

function cell(one) {
  const addresses = one.addresses.map((address) => {
    const title = provenance(address);
    return el("span", { class: title ? "address traced" : "address", title: title || undefined }, address.address);
  });
  const aliases = one.aliases.map((alias) => el("span", { class: "alias" }, `→ ${alias}`));
  if (addresses.length + aliases.length === 0) return el("span", { class: "none" }, one.outcome);
  return [...aliases, ...addresses];
}

async function showNames(focus) {
  const turn = ++asking;
  const answer = await ask("names", { search: $("search").value.trim(), acme: $("acme").value, offset, limit: PAGE });
  // A later question may have been answered sooner.
  if (turn !== asking) return;
  offset = answer.offset;
  matching = answer.matching;
  $("count-names").textContent = number(answer.total);
  const last = Math.min(offset + PAGE, matching);
  $("range").textContent = matching ? `${number(offset + 1)}–${number(last)} of ${number(matching)}` : "no name fits";
  $("previous").disabled = offset === 0;
  $("next").disabled = last >= matching;
  const matrix = $("matrix");
  matrix.tHead.replaceChildren(el("tr", {}, ["Name", ...answer.horizons, "Certificate"].map((head) => el("th", { scope: "col" }, head))));
  matrix.tBodies[0].replaceChildren(...answer.names.map((row, at) => el("tr", { tabindex: at === 0 ? 0 : -1, "data-name": row.name },
    el("th", { scope: "row" }, row.name), row.cells.map((one) => el("td", {}, cell(one))), el("td", {}, certificate(row.acme)))));
  if (focus) matrix.tBodies[0].rows[0]?.focus();
}

function moveRow(row, to) {
  if (!to) return;
  row.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}

function turnPage(by) {
  const to = offset + by * PAGE;
  if (to < 0 || to >= matching) return;
  offset = to;
  attempt(() => showNames(true));
}

// ---- one name ----

async function openName(name) {
  $("detail-name").textContent = name;
  fill("detail-body", el("p", { class: "dim" }, "loading"));
  $("detail").showModal();
  const [records, acme] = await Promise.all([ask("records", { name }), ask("acme", { name })]);
  const explained = el("div");
  const explain = async (horizon, rtype) => {
    const answer = await ask("explain", { name, type: rtype, horizon });
    explained.replaceChildren(el("p", {}, `A client of ${horizon} gets ${answer.rcode}${answer.authoritative ? ", authoritative" : ""}.`),
      el("ol", { class: "steps" }, answer.steps.map((step) => el("li", {}, `${step.name} in ${step.zone ?? "no zone"}: ${step.why}`))),
      ...answer.answer.map((record) => el("p", { class: "code" }, `${record.name} ${record.ttl} ${record.type} ${record.data}`)));
  };
  const types = [...new Set(["A", "AAAA", ...records.horizons.flatMap((one) => one.records.map((record) => record.type))])];
  const choice = el("select", { "aria-label": "type" }, types.map((type) => el("option", { value: type }, type)));
  const buttons = records.horizons.map((one) => el("button", { type: "button", onclick: () => attempt(() => explain(one.horizon, choice.value)) }, `as ${one.horizon}`));
  const rows = records.horizons.flatMap((one) => one.records.length
    ? one.records.map((record) => [one.horizon, record.type, String(record.ttl), record.data, source(record.from)])
    : [[one.horizon, one.outcome, "", "", ""]]);
  const known = acme.ways.flatMap((way) => [
    el("p", {}, badge(kindOf(way.state), `${way.challenge} ${way.state}`), ` known by: ${way.evidence}${way.expires ? `, certificate until ${when(way.expires)}` : ""}`),
    way.problems.map((problem) => finding({ severity: problem.severity, code: problem.code, subject: "", what: problem.summary, remedy: [problem.remedy.text, ...(problem.remedy.commands ?? [])].join("  "), places: problem.places ?? [] }))]).flat();
  fill("detail-body", el("h3", {}, "Records"), table(["Horizon", "Type", ">TTL", "Data", "From"], rows),
    records.findings?.map(finding) ?? [],
    el("h3", {}, "Why"), el("div", { class: "bar" }, choice, buttons), explained,
    el("h3", {}, "Certificate"), known.length ? known : el("p", { class: "dim" }, "no certificate is wanted for this name, as far as is known"),
    el("h3", {}, "Way"), el("div", { class: "scroll" }, el("img", { src: `/flow.svg?${new URLSearchParams({ name })}`, alt: `the way that ${name} takes` })));
  if (records.horizons.length) await explain(records.horizons[0].horizon, "A");
}

function kindOf(state) {
  if (["verified", "reachable", "plausible"].includes(state)) return "good";
  if (["blocked", "unreachable", "contradicted"].includes(state)) return "bad";
  return state === "degraded" ? "warn" : "";
}

function source(from) {
  if (!from) return "";
  const place = from.file ? `${from.file}${from.line ? `:${from.line}` : ""}` : "";
  return [from.source ?? from.comment, place].filter(Boolean).join(" · ");
}

// ---- findings and history ----

function finding(one) {
  const kind = { error: "bad", fatal: "bad", warning: "warn" }[one.severity] ?? "";
  const place = one.places?.[0];
  const where = place ? `${place.file}${place.line ? `:${place.line}` : ""}${place.pointer ? ` ${place.pointer}` : ""}` : "";
  return el("article", { class: `finding ${kind === "bad" ? "error" : one.severity}` },
    el("div", {}, badge(kind, one.severity), " ", el("code", {}, one.code), " ", el("strong", {}, one.subject)),
    el("p", {}, one.what), one.cause ? el("p", { class: "dim" }, one.cause) : null,
    el("p", { class: "remedy" }, one.remedy), where ? el("p", { class: "dim code" }, where) : null);
}

async function showFindings() {
  const answer = await ask("findings");
  $("count-findings").textContent = number(answer.total);
  fill("list-findings", answer.findings.length ? answer.findings.map(finding) : el("p", {}, "Nothing was found."));
}

async function showHistory() {
  const { changes } = await ask("history", { limit: 100 });
  fill("list-history", changes.length ? changes.map((change) => el("article", { class: "finding" },
    el("div", {}, el("strong", {}, `Change ${change.id}`), " ", el("span", { class: "dim" }, `${when(change.at)} by ${change.by ? `${change.by.user}@${change.by.host}` : "an edit beside the server"}`),
      change.undone_by ? badge("warn", `undone by ${change.undone_by}`) : null, change.undoes ? badge("", `undoes ${change.undoes}`) : null),
    change.reason ? el("p", {}, change.reason) : null,
    change.sets.slice(0, 20).map((set) => el("div", { class: "code" }, `${set.name} ${set.type} in ${set.horizon}`,
      set.before.filter((line) => !set.after.includes(line)).map((line) => el("del", {}, `− ${line}`)),
      set.after.filter((line) => !set.before.includes(line)).map((line) => el("ins", {}, `+ ${line}`)))),
    change.sets.length > 20 ? el("p", { class: "dim" }, `and ${change.sets.length - 20} more`) : null)) : el("p", {}, "No change was made yet."));
}

const MOST_DRAWN = 300;

async function draw() {
  const name = $("flow-name").value.trim();
  const { total } = await ask("names", { limit: 1 });
  const many = !name && total > MOST_DRAWN;
  $("many").hidden = !many;
  $("picture").hidden = many;
  if (many) return;
  $("picture").src = `/flow.svg?${new URLSearchParams(name ? { name } : {})}`;
}

// ---- tabs, keys, clocks ----

const tabs = [...document.querySelectorAll("[role=tab]")];
const VIEWS = { names: showNames, findings: showFindings, history: showHistory, flow: draw };

function choose(tab, focus) {
  for (const one of tabs) {
    const chosen = one === tab;
    one.setAttribute("aria-selected", String(chosen));
    one.tabIndex = chosen ? 0 : -1;
    $(one.getAttribute("aria-controls")).hidden = !chosen;
  }
  if (focus) tab.focus();
  const view = tab.getAttribute("aria-controls");
  if (location.hash.slice(1) !== view) history.replaceState(null, "", `#${view}`);
  if (VIEWS[view]) attempt(async () => VIEWS[view]());
}

function everySo(seconds, work) {
  const round = async () => {
    if (!document.hidden) await attempt(work);
    setTimeout(round, seconds * 1000);
  };
  round();
}

tabs.forEach((tab, at) => {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by) choose(tabs[(at + by + tabs.length) % tabs.length], true);
  });
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input, select, textarea");
  if (event.key === "/" && !typing && !$("detail").open) {
    event.preventDefault();
    choose($("tab-names"));
    $("search").focus();
  }
});
$("matrix").addEventListener("keydown", (event) => {
  const row = event.target.closest("tr[data-name]");
  if (!row) return;
  const rows = row.parentElement.rows;
  const moves = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling, Home: rows[0], End: rows[rows.length - 1] };
  if (event.key in moves) {
    event.preventDefault();
    moveRow(row, moves[event.key]);
  } else if (event.key === "PageDown" || event.key === "PageUp") {
    event.preventDefault();
    turnPage(event.key === "PageDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    // Else the same key would press the button that has the focus then.
    event.preventDefault();
    attempt(() => openName(row.dataset.name));
  }
});
$("matrix").addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-name]");
  if (row) attempt(() => openName(row.dataset.name));
});
$("previous").addEventListener("click", () => turnPage(-1));
$("next").addEventListener("click", () => turnPage(1));
$("filter").addEventListener("submit", (event) => event.preventDefault());
let waiting = 0;
for (const id of ["search", "acme"]) {
  $(id).addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      offset = 0;
      attempt(() => showNames());
    }, 150);
  });
}
$("draw").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(draw);
});
everySo(2, async () => showTraffic(await ask("traffic")));
everySo(10, async () => showStatus(await ask("status")));
attempt(showFindings);
attempt(() => showNames());
choose(tabs.find((tab) => tab.getAttribute("aria-controls") === location.hash.slice(1)) ?? tabs[0]);
