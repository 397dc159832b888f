// `#selftest`: the page checks itself, and writes the result into its title and its body.

class Checks {
  constructor() {
    this.passed = 0;
    this.failures = [];
  }

  is(actual, expected, what) {
    const [a, b] = [actual, expected].map((value) => JSON.stringify(value));
    if (a === b) this.passed += 1;
    else this.failures.push(`${what}: ${a}, and not ${b}`);
  }
}

async function selfTest(player) {
  const checks = new Checks();
  const { runs } = player;
  try {
    runs.forEach((run) => testRun(run, checks));
    testScreen(player, checks);
    testNames(checks);
    testKeys(player, checks);
    testPredict(player, checks);
    testCompare(player, checks);
    await testAddress(player, checks);
  } catch (error) {
    checks.failures.push(`an exception: ${error.stack}`);
  }
  const { passed, failures } = checks;
  const frames = runs.map(({ length }) => length).join(" + ");
  const result = failures.length
    ? `selftest failed: ${failures.length} of ${passed + failures.length} checks`
    : `selftest passed: ${passed} checks, ${frames} events`;
  document.title = result;
  byId("selftest").hidden = false;
  byId("selftest").textContent = [result, ...failures.slice(0, 20), ""].join("\n");
}

const press = (key, options = {}) =>
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...options }));

// Each frame forward and then backward: the same rows at each position, and the final rows.
function testRun(run, checks) {
  const rows = () => JSON.stringify(run.rows);
  run.seek(0);
  const seen = [rows()];
  checks.is(seen[0], JSON.stringify(run.panels.map(() => [])), "the rows before the first event");
  while (run.position < run.length) {
    run.forward();
    seen.push(rows());
  }
  if (run.final.length) checks.is(run.rows, run.final, "the rows after the last event");
  while (run.position > 0) {
    run.back();
    checks.is(rows(), seen[run.position], `the rows back at ${run.position}`);
  }
  // Jumps: a fixed sequence of numbers that covers the run.
  for (let jump = 0, at = 7; jump < 50; jump += 1) {
    at = ((at * 1103515245) + 12345) % 2147483648;
    run.seek(at % (run.length + 1));
    checks.is(rows(), seen[run.position], `the rows after a jump to ${run.position}`);
  }
  run.seek(0);
}

// At thirty positions: the shown rows, and no text outside its box.
function testScreen(player, checks) {
  player.setSync("alone");
  player.views.forEach((view, index) => {
    const { run } = view;
    player.leader = index;
    for (let part = 0; part <= 30; part += 1) {
      player.seek(Math.round((run.length * part) / 30));
      const at = `${run.name} #${run.position}`;
      if (run.frame) checks.is(view.say.textContent, run.texts[run.frame.say].replaceAll("`", ""), `${at}: the sentence`);
      checks.is(view.timeline.root.getAttribute("aria-valuenow"), String(run.position), `${at}: the slider`);
      run.panels.forEach((panel, number) => {
        const selector = { table: "tbody tr", words: "dd" }[panel.kind] ?? "li";
        const shown = [...view.panels[number].body.querySelectorAll(selector)];
        checks.is(shown.length, Math.min(run.rows[number].length, MOST_CHIPS), `${at}: rows of ${panel.name}`);
      });
      checks.is(overflowing(view.root), [], `${at}: text outside its box`);
    }
  });
  const root = document.documentElement;
  checks.is(root.scrollWidth <= root.clientWidth, true, "the page is not wider than the window");
  player.setSync("time");
}

// Elements whose content is wider than they are, apart from those that scroll.
function overflowing(root) {
  return [...root.querySelectorAll(".box, .box *, figcaption, summary, .source")]
    .filter((made) => made.clientWidth > 0 && made.scrollWidth > made.clientWidth + 1)
    .map((made) => `${made.nodeName}.${made.className}: ${made.textContent.slice(0, 40)}`);
}

// Everything that takes the focus has a name.
function testNames(checks) {
  for (const control of document.querySelectorAll("button, select, input, a, [tabindex]")) {
    const name = control.getAttribute("aria-label") ?? (control.textContent.trim() || control.closest("label")?.textContent.trim());
    checks.is(Boolean(name), true, `the name of ${control.outerHTML.slice(0, 80)}`);
  }
  for (const live of document.querySelectorAll(".say")) {
    checks.is(live.getAttribute("aria-live"), "polite", "the sentence is announced");
  }
}

function testKeys(player, checks) {
  player.setSync("alone");
  player.leader = 0;
  const { run } = player;
  const at = (expected, what) => checks.is(run.position, expected, what);
  press("Home");
  at(0, "Home");
  press("ArrowLeft");
  at(0, "a step before the start");
  press("ArrowRight");
  at(1, "a step forward");
  press("ArrowLeft");
  at(0, "a step back");
  press("End");
  at(run.length, "End");
  press("ArrowRight");
  at(run.length, "a step after the end");
  for (const kind of ["wake", "park"]) {
    const all = run.frames.flatMap((frame, index) => (frame.kind === kind ? [index + 1] : []));
    press("Home");
    for (const position of all) {
      press(kind[0]);
      at(position, `the next ${kind}`);
    }
    for (const position of all.slice(0, -1).reverse()) {
      press(kind[0].toUpperCase(), { shiftKey: true });
      at(position, `the previous ${kind}`);
    }
  }
  const subject = run.frames.find((frame) => frame.subject !== undefined)?.subject;
  if (subject !== undefined) {
    const all = run.frames.flatMap((frame, index) => (frame.subject === subject ? [index + 1] : []));
    player.seek(all[0]);
    press("c");
    checks.is(byId("chosen").value, `0 ${subject}`, "the chosen task");
    press("Home");
    for (const position of all) {
      press("t");
      at(position, "the next event of the task");
    }
    player.choose(0, -1);
  }
  for (const speed of [5, 1, 4, 2]) {
    press(String(speed));
    checks.is(player.speed, speed, "the speed");
  }
  press("Home");
  press(" ");
  checks.is(byId("play").getAttribute("aria-pressed"), "true", "the page plays");
  press(" ");
  checks.is(byId("play").getAttribute("aria-pressed"), "false", "the page pauses");
  press("?");
  checks.is(byId("help").open, true, "the help is open");
  press("?");
  checks.is(byId("help").open, false, "the help is closed");
  const axis = byId("axis").textContent;
  press("a");
  checks.is(byId("axis").textContent === axis, false, "the other axis");
  press("a");
  checks.is(byId("axis").textContent, axis, "the first axis again");
}

// Answers all questions: the first one wrong, the others right.
function testPredict(player, checks) {
  player.setSync("alone");
  player.leader = 0;
  const { run } = player;
  const asking = run.frames.flatMap((frame, index) => (frame.ask ? [index + 1] : []));
  if (!asking.length) return;
  press("Home");
  press("q");
  asking.forEach((position, index) => {
    player.seek(position - 1);
    press("ArrowRight");
    checks.is(run.position, position - 1, "the page waits for an answer");
    checks.is(player.asked?.next, position, "the question is asked");
    press("ArrowRight");
    checks.is(run.position, position - 1, "an open question cannot be passed");
    const { ask } = run.frames[position - 1];
    player.answer(index === 0 ? ask.choices.findIndex((choice) => choice !== ask.answer) : ask.choices.indexOf(ask.answer));
    const text = player.views[0].question.textContent;
    checks.is(text.includes(run.texts[ask.why]), true, "the reason is shown");
    checks.is(text.includes(index === 0 ? "No:" : "Right."), true, "the verdict is shown");
    checks.is(byId("score").textContent, `${index}/${index + 1}`, "the score");
    checks.is(overflowing(player.views[0].root), [], "a question: text outside its box");
    press("ArrowRight");
    checks.is(run.position, position, "the answer is followed by the poll");
  });
  press("q");
  checks.is(byId("score").textContent, "", "no score after the predict mode");
}

function testCompare(player, checks) {
  const [a, b] = player.runs;
  if (!b) return;
  player.setSync("time");
  player.leader = 0;
  for (const position of [0, 1, Math.floor(a.length / 2), a.length]) {
    player.seek(position);
    checks.is(b.position, position === 0 ? 0 : b.positionAt(a.frame.t), "the same time");
  }
  press("Home");
  let time = 0;
  for (let step = 0; step < a.length + b.length; step += 1) {
    press("ArrowRight");
    const now = Math.max(...player.runs.map(({ frame }) => frame?.t ?? 0));
    checks.is(now >= time, true, "time does not go back");
    time = now;
  }
  checks.is([a.position, b.position], [a.length, b.length], "all steps lead to both ends");
  for (let step = 0; step < a.length + b.length; step += 1) press("ArrowLeft");
  checks.is([a.position, b.position], [0, 0], "all steps back lead to both starts");
  press("s");
  checks.is(player.sync, "step", "the next way to compare");
  press("ArrowRight");
  press("ArrowRight");
  checks.is([a.position, b.position], [Math.min(2, a.length), Math.min(2, b.length)], "in step");
  press("s");
  checks.is(player.sync, "alone", "the last way to compare");
  press("ArrowLeft");
  const moved = player.leader === 0 ? [1, 2] : [2, 1];
  checks.is([a.position, b.position], moved, "one run alone");
  press("s");
}

// The address names the position, and leads to it.
async function testAddress(player, checks) {
  const { runs } = player;
  const [run] = runs;
  const changed = () => new Promise((resolve) => addEventListener("hashchange", () => setTimeout(resolve), { once: true }));
  player.setSync("alone");
  player.leader = 0;
  for (const position of new Set([1, Math.ceil(run.length / 2), run.length])) {
    const change = changed();
    location.hash = `#${position}`;
    await change;
    checks.is(run.position, position, "the event of the address");
    press("ArrowLeft");
    await new Promise((resolve) => setTimeout(resolve, 2 * ADDRESS_DELAY));
    checks.is(location.hash, `#${runs.map((each) => each.position).join(",")}`, "the address of the event");
  }
  player.setSync("time");
}
