// Logging in, and making an account. The tokens go into cookies that no script can read.
import { call, renew, takeTurn, tell } from "/static/api.js";

const logIn = document.getElementById("log-in");
const register = document.getElementById("register");

/** Where the visitor was going: an address of this site, and nothing else. */
function destination() {
  const next = new URLSearchParams(location.search).get("next") || "/";
  const url = new URL(next, location.origin);
  const isOurs = url.origin === location.origin && url.pathname !== "/login";
  // A path that begins with two slashes is read as another host wherever it stands alone.
  return isOurs && !url.pathname.startsWith("//") ? url.href : "/";
}

/** Run what a form asks for, with its button held, and tell what went wrong below it. */
function onSubmit(form, problem, act) {
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    tell(problem, null);
    try {
      await act(Object.fromEntries(new FormData(form)));
    } catch (error) {
      tell(problem, error);
    } finally {
      button.disabled = false;
    }
  });
  // Before, the browser would have sent the form by itself, with the password in an address.
  button.disabled = false;
}

async function enter({ username, password }) {
  await fetchToken({ username, password });
  location.assign(destination());
}

async function fetchToken(pair) {
  const answer = await fetch("/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...pair, cookies: true }),
  });
  if (!answer.ok) throw new Error((await answer.json()).message);
}

onSubmit(logIn, document.getElementById("log-in-problem"), enter);

onSubmit(register, document.getElementById("register-problem"), async (fields) => {
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
  await call("POST", "/register", given);
  await enter(fields);
});

// Somebody whose access cookie alone has expired need not type anything.
takeTurn()
  .then(renew)
  .then((isRenewed) => isRenewed && location.assign(destination()))
  .catch(() => {});
