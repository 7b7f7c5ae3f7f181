// What a visit on site brings back beside the answers: the customer's signature, or why there is none, and photographs.

import { call } from "../agent/api.js";
import { shrunk, thumbnail } from "../agent/pictures.js";
import { Pad } from "./pad.js";

const MOST_PHOTOS = 20;

export const record = {
  shots: [], // {key, small, fault}
  turn: 0,
  writing: Promise.resolve(), // what is being kept: the result waits for it
  isSigned: false,
  signer: "",
  unsignedReason: "",
  photoError: "",

  startRecord() {
    this.pad = new Pad(this.$refs.pad, () => this.keepSignature());
    window.addEventListener("resize", () => this.isWrapUp && this.showRecord());
  },
  // after a reload, and whenever the result is to be written
  async showRecord() {
    const kept = await this.showShots();
    if (!kept) return;
    const signature = kept.filter((each) => each.kind === "signature").pop();
    this.isSigned = Boolean(signature);
    this.focusSoon(() => void (signature ? this.pad.show(signature.blob) : this.pad.clear())); // once it has its size
  },
  // what is kept now; null when something has changed meanwhile, which shows itself
  async showShots() {
    if (!this.sheet) return null;
    const [visit, turn] = [this.sheet.id, ++this.turn];
    const kept = await this.pictures.of(visit);
    const shots = [];
    for (const one of kept.filter((each) => each.kind === "photo")) {
      const known = this.shots.find((shot) => shot.key === one.key);
      shots.push({ key: one.key, small: known ? known.small : await thumbnail(one.blob), fault: one.fault });
    }
    if (turn !== this.turn || !this.sheet || this.sheet.id !== visit) return null;
    this.shots = shots;
    return kept;
  },
  keepInTurn(what) {
    const visit = this.sheet.id;
    return (this.writing = this.writing.then(() => what(visit)).catch(() => this.say("本机存储已满或不可用，签名和照片没有存下来。", "bad")));
  },
  keepSignature() {
    return this.keepInTurn((visit) => this.replaceSignature(visit));
  },
  async replaceSignature(visit) {
    const blob = await this.pad.blob();
    await this.removeKept(visit, "signature");
    await this.pictures.add(visit, "signature", blob);
    this.isSigned = true;
    this.unsignedReason = "";
    this.wrapError = "";
    this.keep();
  },
  signAgain() {
    this.pad.clear();
    this.isSigned = false;
    return this.keepInTurn((visit) => this.removeKept(visit, "signature"));
  },
  get signText() {
    return this.isSigned ? "已签名" : "请客户在框内手写签名";
  },
  typedSigner(text) {
    this.signer = text;
    this.keep();
  },
  typedUnsigned(text) {
    this.unsignedReason = text;
    this.keep();
  },
  async addPhotos(event) {
    this.photoError = "";
    const files = [...event.target.files];
    event.target.value = ""; // the same one may be taken again
    await this.keepInTurn((visit) => this.keepPhotos(visit, files));
    await this.sendPictures();
  },
  async keepPhotos(visit, files) {
    for (const file of files) {
      const kept = await this.pictures.of(visit);
      if (kept.filter((one) => one.kind === "photo").length >= MOST_PHOTOS) {
        this.photoError = `最多 ${MOST_PHOTOS} 张，请先删除不要的。`;
        break;
      }
      const photo = await shrunk(file).catch(() => null);
      if (photo) await this.pictures.add(visit, "photo", photo);
      else this.photoError = `「${file.name}」不是可用的照片，请用 JPEG、PNG 或 WebP 格式。`;
      await this.showShots();
    }
  },
  async removePhoto(key) {
    const visit = this.sheet.id;
    await this.forget((await this.pictures.of(visit)).find((one) => one.key === key));
    await this.showShots();
    this.focusSoon(() => this.$refs.camera);
  },
  async removeKept(visit, kind) {
    for (const one of await this.pictures.of(visit)) if (one.kind === kind) await this.forget(one);
  },
  // what the server has already is dropped there too; one it keeps by mistake goes with what was never handed in
  async forget(picture) {
    if (!picture) return;
    await this.pictures.remove(picture.key);
    if (picture.sent) call("DELETE", `api/v1/visits/${picture.visit}/attachments/${picture.sent}`);
  },
  // while there is a network: what was taken is on the server before the result is
  async sendPictures() {
    if (this.offline || !this.sheet) return;
    const visit = this.sheet.id;
    const refused = await this.pictures.send(visit);
    if (refused) this.noteNetwork(refused);
    if (this.sheet && this.sheet.id === visit) await this.showShots();
  },
};
