// Where the customer signs: a canvas that finger, pen and mouse draw on.

const INK = "#14304f";
const WIDTH = 3;

export class Pad {
  // `ended` is called after each stroke.
  constructor(canvas, ended) {
    this.canvas = canvas;
    this.ended = ended;
    this.last = null;
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const type of ["pointerup", "pointercancel"]) canvas.addEventListener(type, () => this.end());
  }

  // As large as it is shown, in points of the screen; what was drawn is gone.
  clear() {
    const scale = Math.min(2, window.devicePixelRatio || 1);
    this.canvas.width = Math.max(1, Math.round(this.canvas.clientWidth * scale));
    this.canvas.height = Math.max(1, Math.round(this.canvas.clientHeight * scale));
    this.pen = this.canvas.getContext("2d");
    Object.assign(this.pen, { strokeStyle: INK, lineWidth: WIDTH * scale, lineCap: "round", lineJoin: "round" });
    this.scale = scale;
  }

  async show(blob) {
    this.clear();
    const bitmap = await createImageBitmap(blob);
    this.pen.drawImage(bitmap, 0, 0, this.canvas.width, this.canvas.height);
  }

  blob() {
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/png"));
  }

  begin(event) {
    if (event.button) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.last = this.place(event);
    this.line(this.last); // a dot is a stroke too
  }

  go(event) {
    if (!this.last) return;
    for (const step of event.getCoalescedEvents?.() || [event]) this.line(this.place(step));
  }

  end() {
    if (!this.last) return;
    this.last = null;
    this.ended();
  }

  line(to) {
    this.pen.beginPath();
    this.pen.moveTo(this.last.x, this.last.y);
    this.pen.lineTo(to.x, to.y + 0.01);
    this.pen.stroke();
    this.last = to;
  }

  place(event) {
    const frame = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - frame.left) * this.scale, y: (event.clientY - frame.top) * this.scale };
  }
}
