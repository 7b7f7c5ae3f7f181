// Words for answers, times and results.

export const PERSONS = { self: "本人", family: "家属代答", other: "非本人" };
const LOW = 2;
const RATING = { very_satisfied: 5, satisfied: 4, basically: 3, dissatisfied: 2, very_dissatisfied: 1 };

export function answerText(question, answer) {
  const values = Array.isArray(answer) ? answer : [answer];
  const label = (value) => (question.options.find((option) => option.value === value) || { label: `${value}` }).label;
  return values.map(label).join("、");
}

// What the answers say of the customer's satisfaction, of several matters the worst: 1 (worst) to 5, null when nothing yet.
export function ratingOf(asked, answers) {
  const questions = asked.filter((one) => one.role === "satisfaction" && answers[one.id] !== undefined);
  const ratings = questions.map((question) => rated(question, answers[question.id])).filter((rating) => rating !== null);
  return ratings.length ? Math.min(...ratings) : null;
}

function rated(question, answer) {
  return question.kind === "single" ? RATING[answer] || null : Math.max(1, Math.ceil((answer * 5) / (question.max || 5)));
}

export const isDissatisfied = (rating) => rating !== null && rating <= LOW;

// The options of a question as buttons; a scale is its numbers. The tenth key is 0, an eleventh -.
export function choices(question, answer) {
  const options = question.kind === "rating" ? scale(question) : question.options;
  const given = Array.isArray(answer) ? answer : [answer];
  const keys = question.kind === "rating" ? (value) => digit(value, question.min) : (_value, index) => "1234567890-"[index] || "";
  return options.map((option, index) => ({
    ...option,
    key: keys(option.value, index),
    pressed: given.includes(option.value),
    tone: tone(question, option),
  }));
}

function scale(question) {
  const numbers = [];
  for (let value = question.min; value <= question.max; value += 1) numbers.push({ value, label: `${value} 分` });
  return numbers;
}

const digit = (value, least) => (value < 10 ? `${value}` : least > 0 ? "0" : "-");

function tone(question, option) {
  if (question.role !== "satisfaction") return "";
  const rating = ratingOf([question], { [question.id]: option.value });
  return isDissatisfied(rating) ? "is-bad" : "";
}

export function clock(at) {
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => `${part}`.padStart(2, "0")).join(":");
}

export function duration(seconds) {
  return [Math.floor(seconds / 60), seconds % 60].map((part) => `${part}`.padStart(2, "0")).join(":");
}

// A moment as the organisation's clock shows it, whatever zone the computer is set to.
export function moment(text) {
  const shown = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false });
  return shown.format(new Date(text));
}
