import { signIn } from "./api.js";
import { field, fill, h } from "./dom.js";

export function signInView({ main }) {
  document.title = "Sign in · Rill";
  const login = h("input", { name: "login", autocomplete: "username", required: true, autocapitalize: "none", spellcheck: "false", autofocus: true });
  const password = h("input", { name: "password", type: "password", autocomplete: "current-password", required: true });
  const fault = h("p", { class: "fault", role: "alert" });
  const form = h("form", { class: "card narrow", onsubmit: submit },
    h("h1", null, "Sign in"),
    h("p", { class: "dim" }, "With an account of this store. It is kept in this tab until you close it."),
    field("Login", login), field("Password", password), fault,
    h("div", { class: "actions" }, h("button", { class: "primary" }, "Sign in")));
  fill(main, form);

  async function submit(event) {
    event.preventDefault();
    fill(fault);
    try {
      await signIn(login.value, password.value);
    } catch (error) {
      fill(fault, error.status === 401 ? "Login or password is wrong, or the account is disabled." : error.message);
      password.select();
      return;
    }
    const back = sessionStorage.getItem("rill.return") ?? "#/";
    sessionStorage.removeItem("rill.return");
    location.hash = back;
  }
}
