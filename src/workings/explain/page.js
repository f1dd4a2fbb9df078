// The page of a derivation: what is pointed at lights up everywhere, and the slider shows another recorded step.
(async () => {
  const packed = Uint8Array.from(atob(document.getElementById("wk-data").textContent), (c) => c.charCodeAt(0));
  const data = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
  const status = document.querySelector(".wk-status");
  const panels = ["derivation", "picture", "program"].map((id) => document.getElementById(id));
  const MARKED = "[data-node], [data-nodes]";
  let at = 0;

  // ── recorded steps ──

  // a column begins whole and goes on by what is added, to its last change
  const columns = data.columns.map((changes) => {
    let sum = 0;
    return changes.map((change) => (sum += change));
  });
  const codesOf = (section, step) =>
    section.columns.map((place) => columns[place][Math.min(step, columns[place].length - 1)]);
  // a section at a step: its form, with the templates of its rows in it, with the numbers in them
  const restored = (section, step) => {
    const codes = codesOf(section, step);
    let next = 0;
    const pieces = section.forms[codes[next++]].split("\u0001");
    let result = pieces[0];
    for (const piece of pieces.slice(1)) {
      const texts = section.rows[codes[next++]].split("\u0000");
      result += texts[0];
      for (const text of texts.slice(1)) result += data.strings[codes[next++]] + text;
      result += piece;
    }
    return result;
  };
  const listed = (section, step) => {
    const codes = codesOf(section, step);
    const found = {};
    let next = 1;
    for (const id of data.order) {
      const texts = section.rows[codes[next++]].split("\u0000");
      found[id] = texts[0] + texts.slice(1).map((text) => data.strings[codes[next++]] + text).join("");
    }
    return found;
  };
  let values = listed(data.values, 0);
  let gradients = listed(data.gradients, 0);

  // a number that is cut says so, and is never rounded: as `shortened` of workings.draw.letters does it
  const cut = (text, room) => {
    if (!room) return text;
    text = text.replace(/, mean .*$/, "");
    if (text.length <= room || text.includes(" … ")) return text;
    const comma = text.lastIndexOf(", ", room - 2);
    if (comma >= 0) return text.slice(0, comma + 2) + "…";
    const power = /e−?\d+$/.exec(text);
    const end = power ? power[0] : "";
    return text.slice(0, Math.max(room - 1 - end.length, 1)) + "…" + end;
  };
  const put = (attribute, texts) => {
    for (const element of document.querySelectorAll(`[${attribute}]`)) {
      const text = texts[element.getAttribute(attribute)];
      if (text === undefined || text === "") continue;
      const before = element.dataset.before || "";
      const shown = cut(text, Number(element.dataset.room || 0));
      element.textContent = (shown.startsWith("≈") ? before.replace(/= $/, "") : before) + shown;
    }
  };

  const slider = document.getElementById("wk-step");
  const shown = {};
  const showStep = (to) => {
    at = Math.max(0, Math.min(data.steps.length - 1, to));
    for (const [key, section] of Object.entries(data.sections)) {
      const markup = restored(section, at);
      const place = document.getElementById(key);
      if (!place || shown[key] === markup) continue;
      const folded = new Set([...place.querySelectorAll("details:not([open])")].map((fold) => fold.dataset.fold));
      place.innerHTML = markup;
      for (const fold of place.querySelectorAll("details")) fold.open = !folded.has(fold.dataset.fold);
      shown[key] = markup;
    }
    values = listed(data.values, at);
    gradients = listed(data.gradients, at);
    put("data-value", values);
    put("data-gradient", gradients);
    if (slider) {
      slider.value = at;
      slider.setAttribute("aria-valuetext", `step ${data.steps[at]}, ${data.loss} ${data.losses[at]}`);
      document.getElementById("wk-at").textContent = data.steps[at];
      document.getElementById("wk-loss").textContent = `${data.loss} = ${data.losses[at]}`;
    }
    moveCursor();
    indexed = null;
    prepare();
    light(pinned || "");
  };

  // ── what is pointed at ──

  let indexed = null; // for each id the elements that stand for it
  let pinned = null;
  let lit = [];
  const index = () => {
    if (indexed) return indexed;
    indexed = {};
    for (const element of document.querySelectorAll(MARKED)) {
      const ids = (element.dataset.nodes || "").split(" ").concat(element.dataset.node || "");
      for (const id of ids) if (id) (indexed[id] ||= []).push(element);
    }
    return indexed;
  };
  // a mark inside another one of the same node would be painted twice
  const outermost = (element, id) => {
    const outer = element.parentElement && element.parentElement.closest(`[data-node="${id}"]`);
    return !outer;
  };
  const light = (id, from) => {
    for (const element of lit) element.classList.remove("wk-lit");
    lit = (index()[id] || []).filter((element) => outermost(element, id));
    for (const element of lit) element.classList.add("wk-lit");
    say(id);
    for (const panel of panels) if (panel !== from) bring(panel);
  };
  // where a panel scrolls by itself, what lights in it comes into view
  const bring = (panel) => {
    for (const element of lit) {
      if (!panel.contains(element) || !element.getClientRects().length) continue;
      const box = element.closest(".wk-scroll") || panel;
      const inside = box.getBoundingClientRect();
      const around = panel.getBoundingClientRect();
      const place = element.getBoundingClientRect();
      const foot = status.hidden ? window.innerHeight : status.getBoundingClientRect().top;
      const end = Math.min(inside.bottom, around.bottom, foot);
      if (place.top < Math.max(inside.top, around.top, 0) || place.bottom > end) {
        box.scrollTop += place.top - inside.top - box.clientHeight / 3;
      }
      if (place.left < inside.left || place.right > inside.right) {
        box.scrollLeft += place.left - inside.left - box.clientWidth / 3;
      }
      return;
    }
  };
  const say = (id) => {
    const about = data.nodes[id];
    status.hidden = !about;
    if (!about) return;
    const [name, formula, shape, place] = about;
    let text = name;
    if (formula) text += ` = ${formula}`;
    if (shape) text += ` [${shape}]`;
    if (values[id]) text += ` = ${values[id]}`;
    if (gradients[id]) text += `   d${data.loss}/d${name} = ${gradients[id]}`;
    if (place) text += `   (${place})`;
    status.textContent = text;
  };
  const node = (target) => {
    const element = target instanceof Element && target.closest("[data-node]");
    if (element) return element.dataset.node;
    const line = target instanceof Element && target.closest(".wk-line[data-nodes]");
    return line ? line.dataset.nodes.split(" ")[0] : null;
  };
  for (const panel of panels) {
    panel.addEventListener("mouseover", (event) => light(node(event.target) || pinned || "", panel));
    panel.addEventListener("mouseleave", () => light(pinned || ""));
    panel.addEventListener("focusin", (event) => {
      const id = node(event.target);
      if (id) light(id, panel);
    });
    panel.addEventListener("focusout", () => light(pinned || ""));
    panel.addEventListener("click", (event) => {
      const box = event.target.closest("[data-scope]");
      if (box && showView(box.dataset.scope)) {
        // the focus goes into the layer with the reader
        const [inner] = stops(panel).filter((element) => element.closest(".wk-view"));
        if (inner) inner.focus();
        return;
      }
      const id = node(event.target);
      pinned = id && id !== pinned ? id : null;
      light(pinned || "", panel);
    });
  }

  // ── the keyboard: each panel is one stop of Tab, and arrows go from name to name ──

  const stops = (panel) =>
    [...panel.querySelectorAll("[data-node], [data-scope]")].filter(
      (element) => element.getClientRects().length && !element.parentElement.closest("math [data-node], g[data-node]"),
    );
  const flow = () => {
    // all are measured at once, so that the page is laid out once
    const tables = [...document.querySelectorAll(".wk-equations")];
    for (const table of tables) table.classList.remove("wk-flowing");
    const wide = tables.filter((table) => table.offsetWidth > table.parentElement.clientWidth);
    for (const table of wide) table.classList.add("wk-flowing");
  };
  const prepare = () => {
    flow();
    for (const panel of panels) {
      let first = true;
      for (const element of stops(panel)) {
        element.setAttribute("tabindex", first ? "0" : "-1");
        first = false;
      }
    }
    // what scrolls can be scrolled by keyboard
    for (const element of document.querySelectorAll(".wk-part, .wk-scroll, .wk-code, .wk-picture-side, .wk-program, .wk-m")) {
      const wide = element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1;
      if (wide && !element.querySelector('[tabindex="0"]')) element.setAttribute("tabindex", "0");
    }
  };
  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  for (const panel of panels) {
    panel.addEventListener("keydown", (event) => {
      const all = stops(panel);
      const here = all.indexOf(document.activeElement);
      if (here < 0) return;
      if (event.key in STEPS || event.key === "Home" || event.key === "End") {
        const to = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : here + STEPS[event.key];
        if (!all[to]) return;
        event.preventDefault();
        all[here].setAttribute("tabindex", "-1");
        all[to].setAttribute("tabindex", "0");
        all[to].focus();
      } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        all[here].dispatchEvent(new MouseEvent("click", { bubbles: true }));
      }
    });
  }
  window.addEventListener("resize", flow);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    pinned = null;
    light("");
  });

  // ── the picture: the whole net, or one layer of it ──

  const chooser = document.getElementById("wk-view");
  const views = [...document.querySelectorAll(".wk-view")];
  // a wide picture scrolls before its smallest letters are too small to be read
  for (const svg of document.querySelectorAll(".wk-view svg")) {
    svg.style.minWidth = `${0.8 * svg.viewBox.baseVal.width}px`;
  }
  const showView = (key) => {
    if (!views.some((view) => view.dataset.view === key)) return false;
    for (const view of views) view.hidden = view.dataset.view !== key;
    if (chooser) chooser.value = key;
    indexed = null;
    prepare();
    light(pinned || "");
    return true;
  };
  if (chooser) chooser.addEventListener("change", () => showView(chooser.value));
  for (const button of document.querySelectorAll("[data-folds]")) {
    button.addEventListener("click", () => {
      const open = button.dataset.folds === "open";
      for (const fold of document.querySelectorAll("#derivation details")) fold.open = open;
      showView(open && views.some((view) => view.dataset.view === "all") ? "all" : "");
      prepare();
    });
  }

  // ── the losses ──

  const overlay = document.querySelector(".wk-losses .wk-overlay");
  const frame = overlay && JSON.parse(overlay.dataset.plot);
  const now = overlay && document.createElementNS("http://www.w3.org/2000/svg", "line");
  if (now) {
    now.setAttribute("class", "wk-now");
    now.setAttribute("y1", frame.top);
    now.setAttribute("y2", frame.bottom);
    overlay.parentNode.insertBefore(now, overlay);
  }
  function moveCursor() {
    if (!now) return;
    const share = (data.steps[at] - frame.x0) / (frame.x1 - frame.x0 || 1);
    const x = frame.left + Math.max(0, Math.min(1, share)) * (frame.right - frame.left);
    now.setAttribute("x1", x);
    now.setAttribute("x2", x);
  }

  // ── the slider ──

  if (slider) {
    slider.addEventListener("input", () => showStep(Number(slider.value)));
    for (const button of document.querySelectorAll("[data-move]")) {
      button.addEventListener("click", () => showStep(at + Number(button.dataset.move)));
    }
    const play = document.querySelector("[data-play]");
    let timer = null;
    const stop = () => {
      clearInterval(timer);
      timer = null;
      play.textContent = "Play";
      play.setAttribute("aria-pressed", "false");
    };
    play.addEventListener("click", () => {
      if (timer) return stop();
      if (at === data.steps.length - 1) showStep(0);
      play.textContent = "Pause";
      play.setAttribute("aria-pressed", "true");
      timer = setInterval(() => {
        showStep(at + 1);
        if (at === data.steps.length - 1) stop();
      }, 120);
    });
  }
  showStep(0);
  document.body.dataset.ready = "";
})();
