// Uses the web UI of a node in a real browser, as a person would.
//
//   node ui.mjs CHROMIUM BASE FOLDER
//
// Prints a line of JSON for each scenario, {"name", "fault"}; fault is null
// when it went well.  Screenshots go to FOLDER.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import axe from "axe-core";
import { chromium } from "playwright-core";

const [program, base, folder] = process.argv.slice(2);
const WEB = `${base}/web/`;
const ADMIN = { login: "admin", password: "changeit" };
const MARKUP = `<img src=x onerror="alert(1)">&amp;"'`;
const PATIENCE_MS = 15000;

const basic = ({ login, password }) => "Basic " + Buffer.from(`${login}:${password}`).toString("base64");

async function http(method, path, { who, type, body, headers = {} } = {}) {
  const all = { ...headers };
  if (who) all.Authorization = basic(who);
  if (type) all["Content-Type"] = type;
  return fetch(base + path, { method, headers: all, body, redirect: "manual" });
}

const stream = (name, ...rest) => ["/streams", encodeURIComponent(name), ...rest].join("/");

async function write(name, ...events) {
  const body = `[${events.map(([type, data]) => `{"eventId":"${randomUUID()}","eventType":${JSON.stringify(type)},"data":${data}}`).join(",")}]`;
  const answer = await http("POST", stream(name), { type: "application/vnd.eventstore.events+json", body });
  assert.equal(answer.status, 201, await answer.text());
}

async function fill(name, count) {
  await write(name, ...Array.from({ length: count }, (_, n) => ["counted", `{"n":${n}}`]));
}

const fresh = (word) => `${word}-${randomUUID().slice(0, 8)}`;

// What a scenario works with: a page that nobody has used yet.
class Visit {
  constructor(page) {
    this.page = page;
    this.faults = [];
    page.on("pageerror", (error) => this.faults.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => {
      this.faults.push(`a dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("console", (message) => {
      // A refused request is reported too, which is no fault of the page.
      if (message.type() === "error" && !/Failed to load resource/.test(message.text())) this.faults.push(`console: ${message.text()}`);
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(`${base}/`)) this.faults.push(`a request elsewhere: ${request.url()}`);
    });
  }

  go(hash = "#/") {
    return this.page.goto(WEB + hash);
  }

  async signIn({ login, password } = ADMIN) {
    await this.go("#/sign-in");
    await this.page.getByLabel("Login").fill(login);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Sign in" }).click();
  }

  async enter(who = ADMIN) {
    await this.signIn(who);
    await this.page.locator("#who").getByText(who.login, { exact: true }).waitFor();
  }

  sees(text) {
    return this.page.locator("#content").getByText(text).first().waitFor();
  }

  shot(name) {
    return this.page.screenshot({ path: `${folder}/${name}.png` });
  }

  // What axe-core finds: by all of its rules, or by one.
  async hindrances(rule) {
    if (!(await this.page.evaluate(() => "axe" in window))) await this.page.evaluate(axe.source);
    return this.page.evaluate(async (only) => {
      const { violations } = await window.axe.run(document, { resultTypes: ["violations"], ...(only && { runOnly: [only] }) });
      return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ").slice(0, 300)}`);
    }, rule);
  }

  numbers() {
    return this.page.locator(".events tbody .number").allTextContents();
  }
}

const scenarios = {
  async "the root leads to the UI"(v) {
    await v.page.goto(base);
    await v.sees("Type a stream's name above");
    assert.equal(v.page.url(), `${WEB}index.html`);
    await v.shot("welcome");
  },

  async "a wrong password is answered by the page, not by the browser"(v) {
    await v.signIn({ login: "admin", password: "wrong" });
    await v.page.getByText("Login or password is wrong").waitFor();
    assert.equal(await v.page.getByLabel("Password").isVisible(), true);
    const plain = await http("GET", "/streams/%24all");
    assert.equal(plain.headers.get("www-authenticate"), 'Basic realm="ES"');
  },

  async "signing in leads back to where it was asked for, and out again"(v) {
    await v.go("#/streams/%24all");
    await v.page.getByRole("heading", { name: "Please sign in" }).waitFor();
    await v.page.locator("#content").getByRole("link", { name: "Sign in" }).click();
    await v.page.getByLabel("Login").fill(ADMIN.login);
    await v.page.getByLabel("Password").fill(ADMIN.password);
    await v.page.getByRole("button", { name: "Sign in" }).click();
    await v.page.getByRole("heading", { name: "$all" }).waitFor();
    await v.page.getByRole("button", { name: "Sign out" }).click();
    await v.page.getByRole("heading", { name: "Please sign in" }).waitFor();
  },

  async "streams lately created and changed are listed"(v) {
    const old = fresh("older"), young = fresh("younger");
    await fill(old, 2);
    await fill(young, 1);
    await fill(old, 1);
    await v.enter();
    await v.go();
    const changed = v.page.locator("section", { has: v.page.getByRole("heading", { name: "Recently changed" }) });
    await changed.getByRole("link", { name: old }).waitFor();
    const names = await changed.locator("a.stream").allTextContents();
    assert.ok(names.indexOf(old) < names.indexOf(young), "the newest first");
    await v.shot("streams");
    await changed.getByRole("link", { name: old }).click();
    await v.page.getByRole("heading", { name: old }).waitFor();
  },

  async "a stream is read page by page"(v) {
    const name = fresh("pages");
    await fill(name, 45);
    await v.go(`#/streams/${name}`);
    await v.page.getByRole("link", { name: "44", exact: true }).waitFor();
    await v.page.getByRole("link", { name: "Older" }).click();
    await v.page.getByRole("link", { name: "24", exact: true }).waitFor();
    await v.page.getByRole("link", { name: "Older" }).click();
    await v.page.getByRole("link", { name: "0", exact: true }).waitFor();
    assert.deepEqual(await v.numbers(), ["4", "3", "2", "1", "0"]);
    await v.page.getByRole("link", { name: "Newer" }).click();
    await v.page.getByRole("link", { name: "5", exact: true }).waitFor();
    await v.page.getByRole("link", { name: "Newest" }).click();
    await v.page.getByRole("link", { name: "44", exact: true }).waitFor();
    await v.shot("stream");
  },

  async "at the head, events appear as they are written"(v) {
    const name = fresh("live");
    await fill(name, 1);
    await v.go(`#/streams/${name}`);
    await v.page.getByRole("link", { name: "0", exact: true }).waitFor();
    await fill(name, 1);
    await v.page.getByRole("link", { name: "1", exact: true }).waitFor();
    await fill(name, 2);
    await v.page.getByRole("link", { name: "3", exact: true }).waitFor();
    assert.deepEqual(await v.numbers(), ["3", "2", "1", "0"]);
  },

  async "an event is shown pretty and raw, its numbers as they were sent"(v) {
    const name = fresh("numbers"), data = `{"price":0.10,"big":12345678901234567890}`;
    await write(name, ["priced", data]);
    await v.go(`#/streams/${name}`);
    await v.page.getByRole("link", { name: "0", exact: true }).click();
    await v.page.getByRole("heading", { name: "Data", exact: true }).waitFor();
    assert.equal(await v.page.locator("pre").first().textContent(), `{\n  "price": 0.10,\n  "big": 12345678901234567890\n}`);
    await v.shot("event");
    await v.page.getByRole("button", { name: "Raw" }).first().click();
    assert.equal(await v.page.locator("pre").first().textContent(), data);
  },

  async "link events are followed"(v) {
    const name = fresh("target"), links = fresh("links");
    await write(name, ["aimed-at", `{"here":true}`]);
    const answer = await http("POST", stream(links), { type: "application/octet-stream", body: `0@${name}`, headers: { "ES-EventType": "$>", "ES-EventId": randomUUID() } });
    assert.equal(answer.status, 201);
    await v.go(`#/streams/${links}`);
    await v.page.locator(".events").getByText("aimed-at").waitFor();
    await v.page.locator(".events").getByRole("link", { name }).first().click();
    await v.page.getByRole("heading", { name }).waitFor();
  },

  async "an event is appended by the form"(v) {
    const name = fresh("appended");
    await v.go("#/append");
    await v.page.getByLabel("Stream", { exact: true }).fill(name);
    await v.page.getByLabel("Event type").fill("greeted");
    await v.page.getByLabel("Data (JSON)").fill("{broken");
    await v.page.getByRole("button", { name: "Append" }).click();
    await v.page.getByText("Data is not JSON").waitFor();
    await v.page.getByLabel("Data (JSON)").fill(`{"hello": "world", "n": 1.50}`);
    await v.shot("append");
    await v.page.getByRole("button", { name: "Append" }).click();
    await v.page.locator(".events").getByText("greeted").waitFor();
    const stored = await http("GET", stream(name, 0), { headers: { Accept: "application/json" } });
    assert.equal(await stored.text(), `{"hello": "world", "n": 1.50}`);
  },

  async "a wrong expected version is explained"(v) {
    const name = fresh("raced");
    await fill(name, 3);
    await v.go(`#/append/${name}`);
    await v.page.getByLabel("Event type").fill("late");
    await v.page.getByLabel("Data (JSON)").fill("{}");
    await v.page.getByLabel("Expected version").fill("0");
    await v.page.getByRole("button", { name: "Append" }).click();
    await v.page.getByText("last event number is 2").waitFor();
  },

  async "rights and limits are edited, and what is the user's own stays"(v) {
    const name = fresh("guarded");
    await fill(name, 3);
    await http("POST", stream(name, "metadata"), { type: "application/json", body: `{"mine": {"a": [1]}}`, headers: { "ES-EventId": randomUUID() } });
    await v.enter();
    await v.go(`#/streams/${name}/metadata`);
    await v.page.getByLabel("Newest events to keep").fill("2");
    await v.page.getByLabel("Decide who may read", { exact: true }).check();
    await v.page.getByLabel("Who may read", { exact: true }).fill("ada, staff");
    await v.page.getByText("How rights work").click();
    await v.shot("metadata");
    await v.page.getByRole("button", { name: "Save", exact: true }).click();
    await v.page.getByText("The metadata is written.").waitFor();
    assert.equal((await http("GET", stream(name))).status, 401, "anybody may not read it any more");
    const document = await (await http("GET", stream(name, "metadata"), { who: ADMIN, headers: { Accept: "application/json" } })).json();
    assert.deepEqual(document, { mine: { a: [1] }, $maxCount: 2, $acl: { $r: ["ada", "staff"] } });
  },

  async "a stream is deleted after a question"(v) {
    const name = fresh("doomed");
    await fill(name, 1);
    await v.go(`#/streams/${name}`);
    await v.page.getByText("Delete…").click();
    await v.page.getByRole("button", { name: "Delete", exact: true }).click();
    await v.page.getByRole("button", { name: "Cancel" }).click();
    assert.equal((await http("GET", stream(name))).status, 200, "nothing happened");
    await v.page.getByRole("button", { name: "Delete for good" }).click();
    await v.page.locator("dialog").getByRole("button", { name: "Delete for good" }).click();
    await v.page.getByText(`${name} is deleted.`).waitFor();
    assert.equal((await http("GET", stream(name))).status, 410);
  },

  async "an account is made, used, disabled and deleted"(v) {
    const login = fresh("ada"), password = "pass word 1";
    const knows = async (secret) => (await http("GET", "/ping", { who: { login, password: secret } })).status === 200;
    await v.enter();
    await v.page.getByRole("link", { name: "Users" }).click();
    await v.page.getByRole("link", { name: "New user" }).click();
    await v.page.getByLabel("Login").fill(login);
    await v.page.getByLabel("Full name").fill("Ada <b>Lovelace</b>");
    await v.page.getByLabel("Groups").fill("staff, readers");
    await v.page.getByLabel("Password").fill(password);
    await v.page.getByRole("button", { name: "Create" }).click();
    await v.page.getByRole("link", { name: login }).waitFor();
    assert.ok(await knows(password));
    await v.shot("users");
    await v.page.getByRole("link", { name: login }).click();
    await v.page.getByLabel("Full name").fill("Countess");
    await v.page.getByRole("button", { name: "Save" }).click();
    await v.page.getByText("Saved.").waitFor();
    await v.page.getByLabel("New password").fill("second one");
    await v.page.getByRole("button", { name: "Set it" }).click();
    await v.page.getByText("The password is set.").waitFor();
    assert.ok(!(await knows(password)) && (await knows("second one")));
    await v.page.getByRole("button", { name: "Disable" }).click();
    await v.page.getByRole("button", { name: "Enable" }).waitFor();
    assert.ok(!(await knows("second one")), "disabled");
    await v.page.getByRole("button", { name: "Enable" }).click();
    await v.page.getByRole("button", { name: "Disable" }).waitFor();
    assert.ok(await knows("second one"), "enabled again");
    await v.page.getByRole("button", { name: "Delete" }).click();
    await v.page.locator("dialog").getByRole("button", { name: "Delete the account" }).click();
    await v.page.locator("#content").getByRole("link", { name: "admin", exact: true }).waitFor();
    assert.equal(await v.page.locator("#content").getByRole("link", { name: login }).count(), 0);
    assert.ok(!(await knows("second one")), "deleted");
  },

  async "somebody changes a password of their own and stays signed in"(v) {
    const login = fresh("bob");
    const made = await http("POST", "/users/", { who: ADMIN, type: "application/json", body: JSON.stringify({ loginName: login, fullName: "Bob", groups: [], password: "first" }) });
    assert.equal(made.status, 201);
    await v.enter({ login, password: "first" });
    await v.page.locator("#who").getByRole("link", { name: login }).click();
    await v.page.getByLabel("Current password").fill("first");
    await v.page.getByLabel("New password").fill("second");
    await v.page.getByRole("button", { name: "Change it" }).click();
    await v.page.getByText("The password is changed.").waitFor();
    await v.page.reload();
    await v.page.getByRole("heading", { name: login }).waitFor();
    assert.equal(await v.page.getByRole("link", { name: "Users" }).isVisible(), false, "for administrators");
  },

  async "the node tells its role and how fast it goes"(v) {
    await v.enter();
    await v.page.getByRole("link", { name: "Node" }).click();
    await v.page.locator(".facts").getByText("master").waitFor();
    await v.page.locator("table").getByText("master").waitFor();
    await fill(fresh("rate"), 20);
    for (const title of ["Requests", "Appends", "Events written", "Append time"]) {
      const chart = v.page.getByRole("figure", { name: new RegExp(`^${title} `) });
      await chart.locator(".most", { hasText: /at most [0-9.]+/ }).waitFor();
      assert.match(await chart.locator("polyline").getAttribute("points"), /\d/);
    }
    await v.shot("node");
  },

  async "a backup is begun and told of"(v) {
    await v.enter();
    await v.go("#/node");
    await v.page.getByText("None yet.").waitFor();
    await v.page.getByRole("button", { name: "Back up", exact: true }).click();
    await v.page.getByText("a full one").waitFor();
    await v.page.getByRole("button", { name: "Back up", exact: true }).click();
    await v.page.getByText("what was written since the one before").waitFor();
    await v.page.getByRole("button", { name: "Back up in full" }).click();
    await v.page.getByText("a full one").waitFor();
    await v.page.setViewportSize({ width: 1180, height: 1080 });
    await v.shot("backup");
  },

  async "scavenging is asked for after a question"(v) {
    await v.enter();
    await v.go("#/node");
    await v.page.getByRole("button", { name: "Scavenge…" }).click();
    const asked = v.page.waitForResponse((r) => r.url().endsWith("/admin/scavenge"));
    await v.page.locator("dialog").getByRole("button", { name: "Scavenge" }).click();
    assert.equal((await asked).status(), 200);
  },

  async "names, types and data full of markup are text"(v) {
    const name = `${MARKUP} ${fresh("markup")}`;
    await write(name, [MARKUP, JSON.stringify({ [MARKUP]: `<script>alert(2)</script>${MARKUP}` })]);
    await v.enter();
    await v.go();
    await v.page.getByRole("link", { name }).first().click();
    await v.page.getByRole("heading", { name }).waitFor();
    await v.page.locator("details code").click();
    await v.page.locator(".events pre").waitFor();
    await v.shot("markup");
    await v.page.getByRole("link", { name: "0", exact: true }).click();
    await v.page.locator("pre").first().waitFor();
    assert.equal(await v.page.locator("#content img, #content script").count(), 0);
    await v.go(`#/streams/${encodeURIComponent(name)}/metadata`);
    await v.page.getByLabel("JSON").waitFor();
    assert.equal(await v.page.locator("#content img, #content script").count(), 0);
  },

  async "everything fits a narrow screen"(v) {
    const name = fresh("narrow");
    await write(name, ["a-rather-long-event-type-of-somebody", JSON.stringify({ text: "x".repeat(300) })]);
    await v.page.setViewportSize({ width: 360, height: 740 });
    await v.enter();
    for (const hash of ["#/", `#/streams/${name}`, `#/streams/${name}/0`, `#/streams/${name}/metadata`, "#/append", "#/users", "#/node"]) {
      await v.go(hash);
      await v.page.locator("#content h1").waitFor();
      const beyond = await v.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(beyond <= 0, `${hash} is ${beyond} pixels too wide`);
    }
    await v.go(`#/streams/${name}`);
    await v.page.locator(".events .number").first().waitFor();
    await v.shot("narrow");
  },

  async "the keyboard is enough"(v) {
    const name = fresh("typed");
    await fill(name, 1);
    await v.go();
    await v.page.locator("#content h1").waitFor();
    await v.page.keyboard.press("/");
    await v.page.keyboard.type(name);
    await v.page.keyboard.press("Enter");
    await v.page.getByRole("heading", { name }).waitFor();
    for (let i = 0; i < 40; i++) {
      await v.page.keyboard.press("Tab");
      if (await v.page.evaluate(() => document.activeElement.textContent === "0")) break;
    }
    await v.page.keyboard.press("Enter");
    await v.page.getByRole("heading", { name: "Data", exact: true }).waitFor();
  },

  async "a dialog closes with Escape and gives the focus back"(v) {
    await v.enter();
    await v.go("#/node");
    await v.page.getByRole("button", { name: "Scavenge…" }).focus();
    await v.page.keyboard.press("Enter");
    await v.page.locator("dialog").getByRole("button", { name: "Cancel" }).waitFor();
    assert.equal(await v.page.evaluate(() => document.activeElement.textContent), "Cancel");
    await v.page.keyboard.press("Escape");
    await v.page.locator("dialog").waitFor({ state: "detached" });
    assert.equal(await v.page.evaluate(() => document.activeElement.textContent), "Scavenge…");
    assert.notEqual(await v.page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "none", "it shows");
  },

  async "nothing hinders those who cannot see or point"(v) {
    const name = fresh("heard");
    await fill(name, 2);
    await v.enter();
    for (const hash of ["#/", `#/streams/${name}`, `#/streams/${name}/0`, `#/streams/${name}/metadata`, "#/append", "#/users", "#/users/edit/admin", "#/node", "#/sign-in"]) {
      await v.go(hash);
      await v.page.locator("#content h1").waitFor();
      assert.deepEqual(await v.hindrances(), [], hash);
      await v.page.emulateMedia({ colorScheme: "dark" });
      assert.deepEqual(await v.hindrances("color-contrast"), [], `${hash}, dark`);
      await v.page.emulateMedia({ colorScheme: "light" });
    }
  },

  async "what is missing or forbidden is explained"(v) {
    await v.go(`#/streams/${fresh("none")}`);
    await v.page.getByRole("heading", { name: "Nothing is here" }).waitFor();
    await v.go("#/streams/%24users");
    await v.page.getByRole("heading", { name: "Please sign in" }).waitFor();
    await v.go("#/nonsense/page");
    await v.sees("There is no such page");
  },

  async "a policy keeps scripts and requests of others out"(v) {
    const answer = await fetch(WEB);
    const policy = answer.headers.get("content-security-policy");
    for (const rule of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]) assert.ok(policy.includes(rule), rule);
    assert.ok(!policy.includes("unsafe"));
    await v.go();
    await v.page.locator("#content h1").waitFor();
  },
};

const dark = new Set(["a stream is read page by page"]);

async function run(browser, name, scenario) {
  const context = await browser.newContext({ viewport: { width: 1180, height: 780 }, colorScheme: dark.has(name) ? "dark" : "light" });
  context.setDefaultTimeout(PATIENCE_MS);
  const visit = new Visit(await context.newPage());
  try {
    await scenario(visit);
    assert.deepEqual(visit.faults, []);
    return null;
  } catch (error) {
    await visit.shot(`fault-${name.replace(/\W+/g, "-")}`).catch(() => {});
    return `${error.message}\n${visit.faults.join("\n")}`;
  } finally {
    await context.close();
  }
}

const browser = await chromium.launch({
  executablePath: program,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
for (const [name, scenario] of Object.entries(scenarios)) {
  if (process.env.ONLY && !name.includes(process.env.ONLY)) continue;
  console.log(JSON.stringify({ name, fault: await run(browser, name, scenario) }));
}
await browser.close();
