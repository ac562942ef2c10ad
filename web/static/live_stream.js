// A camera's stream in an <img>. Browsers do not tell that it ended once its first picture is there:
// who learns that the server was away calls reopen().

const FIRST_WAIT_MS = 2000;
const MAX_WAIT_MS = 30_000;

/** Return how long to wait after so many failures on end. */
export const waitMs = (failures) => Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), MAX_WAIT_MS);

export class LiveStream {
  #picture;
  #path;
  #failures = 0;
  #timer;
  #isDue = true;
  #isSeen = false;
  #sight;

  constructor(picture, path) {
    this.#picture = picture;
    this.#path = path;
    picture.addEventListener("load", () => { this.#failures = 0; });
    picture.addEventListener("error", () => {
      this.#failures += 1;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.reopen(), waitMs(this.#failures));
    });
    this.#sight = new IntersectionObserver((entries) => {
      this.#isSeen = entries.at(-1).isIntersecting;
      this.#openIfSeen();
    });
    this.#sight.observe(picture);
  }

  /** Ask for the stream anew, as soon as somebody can see it. */
  reopen() {
    clearTimeout(this.#timer);
    this.#isDue = true;
    this.#openIfSeen();
  }

  close() {
    clearTimeout(this.#timer);
    this.#sight.disconnect();
    this.#picture.removeAttribute("src");
  }

  #openIfSeen() {
    if (!this.#isDue || !this.#isSeen || document.hidden) return;
    this.#isDue = false;
    // The same address again would open nothing.
    this.#picture.src = `${this.#path}?at=${Date.now()}`;
  }
}
