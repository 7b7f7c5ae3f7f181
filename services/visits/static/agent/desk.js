// What the workbench and the page of visits on site are made of: their parts, the keys, and what both look after.

import { told } from "./api.js";
import { calling } from "./call.js";
import { dialogs } from "./dialogs.js";
import { Kept } from "./kept.js";
import { actionOf } from "./keys.js";
import { followChanges } from "/static/live.js";
import { saving } from "./saving.js";
import { practice } from "./practice.js";
import { script } from "./script.js";
import { wrapping } from "./wrap_up.js";
import { KeptPictures } from "./pictures.js";
import { keepPlace } from "./queue.js";

export const given = JSON.parse(document.getElementById("desk-data").textContent);

export const desk = {
  codes: given.codes,
  rulesVersion: given.rules_version,
  codesAddress: "api/v1/result-codes",
  sites: given,

  init() {
    this.kept = new Kept(given.agent);
    this.pictures = new KeptPictures(given.agent);
    this.pictures.forgetNeedless();
    this.activeAt = this.renewedAt = 0;
    document.addEventListener("keydown", (event) => this.onKey(event));
    document.addEventListener("click", (event) => this.onClick(event));
    document.querySelector("form[action$='/logout']").addEventListener("submit", () => this.signOut());
    for (const dialog of document.querySelectorAll("dialog")) dialog.addEventListener("close", () => this.focusedBefore?.focus());
    setInterval(() => {
      this.now = Date.now();
      this.followLine();
    }, 1000);
    keepPlace();
    followChanges("agent/live", { queue: () => this.refreshQueue(), notices: () => this.heedChanges() });
    document.addEventListener("htmx:responseError", (event) => {
      if (event.detail.xhr.status === 401) this.say(told({ status: 401, body: {} }), "bad");
    });
    this.startSaving();
    if (this.startsWith) this.openVisit(this.startsWith);
    else this.focusSoon(() => this.$refs.claim); // not earlier: a key before this script runs would be lost
  },
  get startsWith() {
    return given.start_with;
  },
  onKey(event) {
    const action = actionOf(event, this.lost ? "lost" : this.phase);
    if (!action) return;
    event.preventDefault();
    this[action.name](action.with);
  },
  onClick(event) {
    const asked = event.target.closest("[data-action]");
    if (asked) this[asked.dataset.action]();
    const wanted = event.target.closest("[data-claim]");
    if (wanted) this.claimOne(wanted.dataset.claim);
    const finished = event.target.closest("[data-correct]");
    if (finished) this.openCorrection(finished.dataset.correct);
    const held = event.target.closest("[data-held]");
    if (held && this.phase === "none") this.openVisit(held.dataset.held);
  },
  // what is shown now can be focused only after the browser has drawn it: Alpine shows in the next frame
  // the last one asked for, or the one before it where that finds nothing; none comes after it and takes the focus away again
  focusSoon(find) {
    const from = document.activeElement;
    const before = this.toFocus;
    const wanted = (this.toFocus = () => find() || before?.());
    const place = () => {
      if (this.toFocus !== wanted) return;
      this.toFocus = null;
      const now = document.activeElement;
      const typing = now !== from && now !== this.placed && now.matches("textarea, input");
      if (typing) return; // who has gone to a field meanwhile goes on typing there
      this.placed = wanted();
      this.placed?.closest("[data-together]")?.scrollIntoView({ block: "nearest" }); // a question with its answers, in a low window
      this.placed?.focus();
    };
    this.$nextTick(() => requestAnimationFrame(() => requestAnimationFrame(place)));
  },
  refreshQueue() {
    if (!this.offline && window.htmx) window.htmx.trigger(document.body, "refresh-queue");
  },
  loadAside(id) {
    if (window.htmx) window.htmx.ajax("GET", `${given.base}/agent/visits/${id}/aside`, "#aside");
  },
  clearAside() {
    const empty = document.createElement("p");
    empty.className = "panel hint";
    empty.textContent = "领取后，这里显示客户、来源单、往来、未结投诉和已发消息。";
    document.getElementById("aside").replaceChildren(empty);
  },
};

// getters must stay getters: Object.assign would read them once
const mixed = (...parts) => parts.reduce((whole, part) => Object.defineProperties(whole, Object.getOwnPropertyDescriptors(part)), {});

// a page's own parts come last and count instead of those of the same name
export function openDesk(...own) {
  document.addEventListener("alpine:init", () => {
    window.Alpine.data("desk", () => mixed(script, saving, calling, wrapping, dialogs, practice, desk, ...own));
  });
}
