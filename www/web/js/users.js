import { command, isIn, json, reSign, signOut, user } from "./api.js";
import { confirmed, field, fill, h, notify } from "./dom.js";

const path = (login, ...rest) => ["/users", encodeURIComponent(login), ...rest].join("/");

function groupsOf(input) {
  return input.value.split(/[,\s]+/).filter((g) => g !== "");
}

async function attempt(what, done, fault) {
  fill(fault);
  try {
    await what();
    if (done) notify(done);
    return true;
  } catch (error) {
    fill(fault, error.status === 409 ? "There is an account of this name already." : error.message);
    return false;
  }
}

export async function usersView({ main }) {
  document.title = "Users · Rill";
  const { data } = await json("/users/");
  const rows = data.map((u) => h("tr", { class: u.disabled ? "off" : null },
    h("td", { class: "name" }, h("a", { href: `#/users/edit/${encodeURIComponent(u.loginName)}` }, u.loginName)),
    h("td", null, u.fullName), h("td", null, (u.groups ?? []).map((g) => h("span", { class: "tag" }, g))),
    h("td", null, u.disabled ? h("span", { class: "tag warn" }, "disabled") : h("span", { class: "dim" }, "enabled"))));
  fill(main, h("div", { class: "title" }, h("h1", null, "Users"), h("a", { class: "button primary", href: "#/users/new" }, "New user")),
    h("section", { class: "card" }, h("div", { class: "scroll" }, h("table", null,
      h("thead", null, h("tr", null, ["Login", "Name", "Groups", "State"].map((t) => h("th", { scope: "col" }, t)))), h("tbody", null, rows)))));
}

export function newUserView({ main }) {
  document.title = "New user · Rill";
  const login = h("input", { required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false", autofocus: true });
  const name = h("input", { required: true, autocomplete: "off" });
  const groups = h("input", { autocomplete: "off", spellcheck: "false", placeholder: "$admins, staff" });
  const password = h("input", { type: "password", required: true, autocomplete: "new-password" });
  const fault = h("p", { class: "fault", role: "alert" });
  fill(main, h("form", { class: "card narrow", onsubmit: submit }, h("h1", null, "New user"),
    field("Login", login), field("Full name", name), field("Groups", groups, "$admins may do everything, $ops run the node."),
    field("Password", password), fault, h("div", { class: "actions" }, h("button", { class: "primary" }, "Create"))));

  async function submit(event) {
    event.preventDefault();
    const body = { loginName: login.value, fullName: name.value, groups: groupsOf(groups), password: password.value };
    if (await attempt(() => command("POST", "/users/", body), `${login.value} is created.`, fault)) location.hash = "#/users";
  }
}

function ownPassword(account) {
  const old = h("input", { type: "password", required: true, autocomplete: "current-password" });
  const fresh = h("input", { type: "password", required: true, autocomplete: "new-password" });
  const fault = h("p", { class: "fault", role: "alert" });
  return h("form", { class: "card", onsubmit: submit }, h("h2", null, "Change your password"),
    field("Current password", old), field("New password", fresh), fault,
    h("div", { class: "actions" }, h("button", null, "Change it")));

  async function submit(event) {
    event.preventDefault();
    const body = { currentPassword: old.value, newPassword: fresh.value };
    if (!(await attempt(() => command("POST", path(account.loginName, "command", "change-password"), body), "The password is changed.", fault))) return;
    reSign(fresh.value);
    event.target.reset();
  }
}

function otherPassword(account) {
  const fresh = h("input", { type: "password", required: true, autocomplete: "new-password" });
  const fault = h("p", { class: "fault", role: "alert" });
  return h("form", { class: "card", onsubmit: submit }, h("h2", null, "Set a new password"),
    field("New password", fresh), fault, h("div", { class: "actions" }, h("button", null, "Set it")));

  async function submit(event) {
    event.preventDefault();
    if (await attempt(() => command("POST", path(account.loginName, "command", "reset-password"), { newPassword: fresh.value }), "The password is set.", fault))
      event.target.reset();
  }
}

function details(account, again) {
  const mayEdit = isIn("$admins");
  const name = h("input", { value: account.fullName, required: true, disabled: !mayEdit });
  const groups = h("input", { value: (account.groups ?? []).join(", "), spellcheck: "false", disabled: !mayEdit });
  const fault = h("p", { class: "fault", role: "alert" });
  return h("form", { class: "card", onsubmit: submit }, h("h2", null, "Account"), field("Full name", name), field("Groups", groups), fault,
    mayEdit ? h("div", { class: "actions" }, h("button", { class: "primary" }, "Save"),
      h("button", { type: "button", onclick: toggle }, account.disabled ? "Enable" : "Disable"),
      h("button", { type: "button", class: "danger", onclick: remove }, "Delete")) : null);

  async function submit(event) {
    event.preventDefault();
    await attempt(() => command("PUT", path(account.loginName), { fullName: name.value, groups: groupsOf(groups) }), "Saved.", fault);
  }
  async function toggle() {
    const verb = account.disabled ? "enable" : "disable";
    if (await attempt(() => command("POST", path(account.loginName, "command", verb)), `${account.loginName} is ${verb}d.`, fault)) again();
  }
  async function remove() {
    if (!(await confirmed(`Delete ${account.loginName}?`, "The account can no longer sign in. It may be created anew.", "Delete the account"))) return;
    if (!(await attempt(() => command("DELETE", path(account.loginName)), `${account.loginName} is deleted.`, fault))) return;
    if (user()?.login === account.loginName) signOut();
    location.hash = "#/users";
  }
}

export async function userView(view) {
  const [login] = view.args;
  document.title = `${login} · Rill`;
  const { data } = await json(path(login));
  const isOwn = user()?.login === login;
  fill(view.main, h("div", { class: "title" }, h("h1", null, h("span", { class: "dim" }, "User "), login),
    data.disabled ? h("span", { class: "tag warn" }, "disabled") : null),
  h("div", { class: "grid" }, details(data, () => userView(view)), isOwn ? ownPassword(data) : null,
    isIn("$admins") && !isOwn ? otherPassword(data) : null));
}
