"use strict";
// Reads plots out: the point under the pointer, or the one that the arrow keys have come to.
for (const svg of document.querySelectorAll("svg.wk-plot")) {
  const overlay = svg.querySelector(".wk-overlay");
  const at = JSON.parse(overlay.dataset.plot);
  const cursor = overlay.querySelector(".wk-cursor");
  const guide = overlay.querySelector(".wk-guide");
  const high = (y) => (at.log ? Math.log10(y) : y);
  const far = (x) => (at.logX ? Math.log10(x) : x);
  const part = (v, low, top) => (v / 2 - low / 2) / (top / 2 - low / 2);
  const points = [];
  for (const series of svg.querySelectorAll("[data-series]")) {
    for (const [x, y] of JSON.parse(series.dataset.points)) {
      points.push({
        name: series.dataset.series,
        line: series.dataset.style === "line",
        x,
        y,
        left: at.left + part(far(x), far(at.x0), far(at.x1)) * (at.right - at.left),
        top: at.bottom + part(high(y), high(at.y0), high(at.y1)) * (at.top - at.bottom),
      });
    }
  }
  if (!points.length) continue;
  const readout = document.createElement("p");
  readout.className = "wk-readout";
  readout.setAttribute("role", "status");
  readout.textContent = "Point at the plot, or press an arrow key on it, to read its numbers.";
  svg.after(readout);
  let shown = -1;
  const spelled = (number) => String(number).replaceAll("-", "−");
  const show = (i) => {
    shown = Math.max(0, Math.min(points.length - 1, i));
    const { name, x, y, left, top } = points[shown];
    cursor.setAttribute("cx", left);
    cursor.setAttribute("cy", top);
    guide.setAttribute("x1", left);
    guide.setAttribute("x2", left);
    for (const mark of [cursor, guide]) mark.setAttribute("visibility", "visible");
    readout.textContent = `${name}: ${spelled(y)} at ${at.x}${at.x.length === 1 ? " = " : " "}${spelled(x)}`;
  };
  svg.addEventListener("pointermove", (event) => {
    const matrix = svg.getScreenCTM();
    if (!matrix) return;
    const here = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    let nearest = 0;
    let least = Infinity;
    points.forEach((point, i) => {
      // Along a line it is the place from left to right that counts; a mark has to be met.
      const away = Math.hypot(point.left - here.x, (point.top - here.y) * (point.line ? 0.2 : 1)) - (point.line ? 0 : 6);
      if (away < least) [nearest, least] = [i, away];
    });
    show(nearest);
  });
  svg.setAttribute("tabindex", "0");
  svg.addEventListener("keydown", (event) => {
    const go = { ArrowRight: shown + 1, ArrowLeft: shown - 1, Home: 0, End: points.length - 1 }[event.key];
    if (go === undefined) return;
    event.preventDefault();
    show(go);
  });
}
