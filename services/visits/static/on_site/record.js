// What a visit on site brings back beside the answers: the customer's signature, or why there is none, and photographs.

import { call } from "../agent/api.js";
import { shrunk, thumbnail } from "../agent/pictures.js";
import { Pad } from "./pad.js";

const MOST_PHOTOS = 20;

export const record = {
  shots: [], // {key, small, fault, sent}
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
    const visit = this.sheet.id;
    const kept = await this.pictures.of(visit);
    const shots = [];
    for (const one of kept.filter((each) => each.kind === "photo")) shots.push({ key: one.key, small: await thumbnail(one.blob), fault: one.fault });
    if (!this.sheet || this.sheet.id !== visit) return;
    this.shots = shots;
    const signature = kept.filter((each) => each.kind === "signature").pop();
    this.isSigned = Boolean(signature);
    this.focusSoon(() => void (signature ? this.pad.show(signature.blob) : this.pad.clear())); // once it has its size
  },
  async keepSignature() {
    const blob = await this.pad.blob();
    await this.removeKept("signature");
    await this.pictures.add(this.sheet.id, "signature", blob);
    this.isSigned = true;
    this.unsignedReason = "";
    this.wrapError = "";
    this.keep();
  },
  async signAgain() {
    this.pad.clear();
    this.isSigned = false;
    await this.removeKept("signature");
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
    for (const file of [...event.target.files]) {
      if (this.shots.length >= MOST_PHOTOS) {
        this.photoError = `最多 ${MOST_PHOTOS} 张，请先删除不要的。`;
        break;
      }
      try {
        const blob = await shrunk(file);
        const added = await this.pictures.add(this.sheet.id, "photo", blob);
        this.shots = [...this.shots, { key: added.key, small: await thumbnail(blob), fault: "" }];
      } catch {
        this.photoError = `「${file.name}」不是可用的照片，请用 JPEG、PNG 或 WebP 格式。`;
      }
    }
    event.target.value = "";
    await this.sendPictures();
  },
  async removePhoto(key) {
    const visit = this.sheet.id;
    await this.forget((await this.pictures.of(visit)).find((one) => one.key === key));
    this.shots = this.shots.filter((shot) => shot.key !== key);
    this.focusSoon(() => this.$refs.camera);
  },
  async removeKept(kind) {
    for (const one of await this.pictures.of(this.sheet.id)) if (one.kind === kind) await this.forget(one);
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
    if (!this.sheet || this.sheet.id !== visit) return;
    const kept = await this.pictures.of(visit);
    this.shots = this.shots.map((shot) => ({ ...shot, fault: (kept.find((one) => one.key === shot.key) || shot).fault }));
  },
};
