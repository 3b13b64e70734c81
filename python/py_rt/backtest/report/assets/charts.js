"use strict";
// Draws the report's charts from the JSON of the page: five charts on one shared time axis.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { toX, toTime, longTime, splits, tickLabels, at } = timeAxis(data);
  const byId = (id) => document.getElementById(id);
  const summed = (steps, scale = 1) => {
    let total = 0;
    return steps.map((step) => (total += step) * scale);
  };

  // ---------------------------------------------------------------- numbers

  const MINUS = "\u2212", THIN = "\u202f";
  const signed = (text) => text.replace("-", MINUS);
  const fixed = (value, digits) => signed(value.toLocaleString("en-US", {
    minimumFractionDigits: digits, maximumFractionDigits: digits }));
  const plain = (value) => signed(value.toLocaleString("en-US", { maximumFractionDigits: 8 }));
  const percent = (value, digits = 2) => fixed(value * 100, digits) + THIN + "%";
  // Size, name, and the finest step written with it.
  const COMPACT = [[1e9, "bn", 1e6], [1e6, "M", 1e3], [1e3, "k", 100], [1, "", 0]];
  // The decimals that a step needs to be written without rounding.
  function digitsFor(step) {
    let digits = 0;
    for (let whole = step; digits < 8 && Math.abs(whole - Math.round(whole)) > 1e-6; whole *= 10) {
      digits += 1;
    }
    return digits;
  }
  function compactLabels(u, values) {
    const widest = Math.max(...values.map(Math.abs));
    const step = values.length > 1 ? values[1] - values[0] : widest || 1;
    const [unit, name] = COMPACT.find(([size, , finest]) => widest >= size && step >= finest) ||
      COMPACT[3];
    return values.map((v) => fixed(v / unit, digitsFor(step / unit)) + name);
  }
  function percentLabels(u, values) {
    const step = values.length > 1 ? (values[1] - values[0]) * 100 : 1;
    return values.map((v) => percent(v, digitsFor(step)));
  }

  // ---------------------------------------------------------------- charts

  const color = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const charts = new Map();
  const full = [0, toX(data.end)];
  let view = full;

  function zoom(min, max) {
    const least = Math.max((full[1] - full[0]) / 20000, 1);
    min = Math.max(full[0], min);
    max = Math.min(full[1], max);
    if (max - min < least) return;
    view = [min, max];
    const whole = min <= full[0] && max >= full[1];
    for (const chart of charts.values()) chart.setScale("x", { min, max });
    for (const button of document.querySelectorAll(".reset")) button.hidden = whole;
  }

  function shared(u) {
    if (u.scales.x.min === view[0] && u.scales.x.max === view[1]) return;
    if (!charts.has(u.name) || u.scales.x.min === undefined) return;
    zoom(u.scales.x.min, u.scales.x.max);
  }

  // Two fingers zoom and move; one finger is left to the page.
  function pinch(u) {
    let start = null;
    const centre = (touches) => {
      const box = u.over.getBoundingClientRect();
      const a = touches[0].clientX - box.left, b = touches[1].clientX - box.left;
      return { middle: (a + b) / 2, apart: Math.max(Math.abs(a - b), 12), width: box.width };
    };
    u.over.addEventListener("touchstart", (event) => {
      if (event.touches.length === 2) start = { ...centre(event.touches), view };
    }, { passive: true });
    u.over.addEventListener("touchmove", (event) => {
      if (!start || event.touches.length !== 2) return;
      event.preventDefault();
      const now = centre(event.touches);
      const before = start.view[1] - start.view[0];
      const after = before * Math.min(start.apart / now.apart, full[1] / before);
      const anchor = start.view[0] + (start.middle / start.width) * before;
      const min = Math.max(0, anchor - (now.middle / now.width) * after);
      zoom(min, min + after);
    }, { passive: false });
    u.over.addEventListener("touchend", () => (start = null));
  }

  function chart(name, height, series, values, labels, extra = {}) {
    const host = byId("chart-" + name);
    if (charts.has(name)) charts.get(name).destroy();
    charts.delete(name);
    const grid = { stroke: color("--grid"), width: 1 };
    const axis = {
      stroke: color("--soft"), grid, ticks: { show: false },
      font: "12px system-ui, sans-serif",
    };
    const narrow = host.clientWidth < 500;
    const options = {
      width: host.clientWidth, height, padding: [8, 10, extra.bare ? 8 : 0, 0],
      legend: { show: false },
      scales: { x: { time: false, range: (u, min, max) => [min, max] }, y: extra.scale || {} },
      axes: [
        { ...axis, splits, values: tickLabels, size: 38, gap: 6, show: !extra.bare },
        { ...axis, values: labels, size: 72, gap: 6, space: extra.space || 40 },
      ],
      cursor: {
        y: false,
        points: {
          show: !series.paths, size: 7, width: 0, fill: (u, i) => u.series[i].stroke(u, i) },
        drag: { x: true, y: false },
        bind: { dblclick: () => () => zoom(...full) },
        sync: {
          key: "time", scales: ["x", null], setSeries: false,
          filters: { pub: (type) => type === "mousemove" || type === "mouseleave" },
        },
      },
      series: [{}, series, ...(extra.beside || [])],
      hooks: {
        init: [pinch],
        setScale: [(u, key) => key === "x" && shared(u)],
        setCursor: [() => read(name)],
        draw: extra.draw ? [extra.draw] : [],
      },
    };
    const made = new uPlot(options, values, host);
    made.name = name;
    charts.set(name, made);
    made.setScale("x", { min: view[0], max: view[1] });
  }

  const line = (stroke, more = {}) => ({
    stroke: color(stroke), width: 1.5, points: { show: false }, ...more });
  const stepped = uPlot.paths.stepped({ align: 1 });
  // A flat series still gets a band around it, so that the line is not on the frame.
  const padded = (u, min, max) => {
    if (min === null) return [0, 1];
    const room = (max - min) * 0.08 || Math.abs(max) * 0.01 || 1;
    return [min - room, max + room];
  };
  const withZero = (u, min, max) => {
    if (!min && !max) return [-0.01, 0.01];
    const [low, high] = padded(u, Math.min(min, 0), Math.max(max, 0));
    return [min >= 0 ? 0 : low, max <= 0 ? 0 : high];
  };

  // ---------------------------------------------------------------- account

  const account = {
    x: summed(data.account.t).map(toX), equity: data.account.equity,
    drawdown: data.account.drawdown, net: data.account.net,
    benchmark: data.account.benchmark,
  };
  function drawAccount() {
    const narrow = innerWidth < 600;
    chart("equity", narrow ? 220 : 300,
      line("--accent", { fill: color("--accent-fill"), width: 1.75 }),
      account.benchmark ? [account.x, account.equity, account.benchmark]
        : [account.x, account.equity],
      compactLabels, { scale: { range: padded }, bare: true,
        beside: account.benchmark ? [line("--soft", { dash: [5, 4] })] : [] });
    chart("drawdown", 116,
      line("--loss", { fill: `rgba(${color("--loss-rgb")}, .16)`, fillTo: 0 }),
      [account.x, account.drawdown], percentLabels,
      { scale: { range: withZero }, bare: true, space: 28 });
    chart("net", 136, line("--soft", { fill: color("--grid"), fillTo: 0, paths: stepped }),
      [account.x, account.net], percentLabels, { scale: { range: withZero }, space: 28 });
  }

  // ---------------------------------------------------------------- price and fills

  let shown = null;
  function unpacked(symbol) {
    const fills = symbol.fills, held = symbol.position;
    return {
      ...symbol,
      x: summed(symbol.t).map(toX),
      price: summed(symbol.p, symbol.tick),
      fills: { ...fills, t: summed(fills.t), x: summed(fills.t).map(toX) },
      position: held.t.length
        ? { x: [0, ...summed(held.t).map(toX)], q: [0, ...held.q] }
        : { x: full, q: [0, 0] },
    };
  }
  function drawFills(u) {
    const { x, p, q } = shown.fills, ctx = u.ctx, scale = devicePixelRatio;
    let visible = 0;
    for (const at of x) if (at >= view[0] && at <= view[1]) visible += 1;
    const dense = visible > 600;
    const size = (dense ? 2 : visible > 150 ? 4 : visible > 40 ? 5 : 6.5) * scale;
    const { left, top, width, height } = u.bbox;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    ctx.strokeStyle = color("--page");
    ctx.lineWidth = scale;
    ctx.globalAlpha = dense ? 0.6 : 0.95;
    for (const side of [1, -1]) {
      ctx.fillStyle = color(side > 0 ? "--gain" : "--loss");
      for (let i = 0; i < x.length; i += 1) {
        if (q[i] * side <= 0 || x[i] < view[0] || x[i] > view[1]) continue;
        const cx = u.valToPos(x[i], "x", true);
        const cy = u.valToPos(p[i], "y", true) + side * size * 0.4;
        if (dense) {
          ctx.fillRect(cx - size / 2, cy - size / 2, size, size);
          continue;
        }
        ctx.beginPath();
        ctx.moveTo(cx, cy - side * size);
        ctx.lineTo(cx - size, cy + side * size * 0.8);
        ctx.lineTo(cx + size, cy + side * size * 0.8);
        ctx.closePath();
        if (visible <= 150) ctx.stroke();
        ctx.fill();
      }
    }
    ctx.restore();
  }
  function drawSymbol() {
    if (!shown) return;
    const decimals = shown.decimals;
    const priceLabels = (u, values) => {
      const step = values.length > 1 ? values[1] - values[0] : 1;
      return values.map((v) => fixed(v, Math.min(digitsFor(step), decimals + 1)));
    };
    const none = shown.x.length === 0;
    const values = none ? [shown.fills.x, shown.fills.p] : [shown.x, shown.price];
    chart("price", innerWidth < 600 ? 260 : 340, line("--accent", { width: none ? 0 : 1.25 }),
      values, priceLabels, { scale: { range: padded }, bare: true, draw: drawFills });
    chart("position", 130, line("--soft", { fill: color("--grid"), fillTo: 0, paths: stepped }),
      [shown.position.x, shown.position.q], compactLabels,
      { scale: { range: withZero }, space: 28 });
  }

  // ---------------------------------------------------------------- what the cursor reads

  function write(id, parts) {
    const host = byId("readout-" + id);
    host.replaceChildren(...parts.map(([name, value]) => {
      const part = document.createElement("span");
      const label = document.createElement("i");
      label.textContent = name;
      part.append(...(name ? [label] : []), value);
      return part;
    }));
    if (!parts.length) host.textContent = "\u00a0";
  }
  function beside(i) {
    if (!account.benchmark) return [];
    return [[data.account.benchmark_name, fixed(account.benchmark[i], 2)]];
  }
  function read(name) {
    const u = charts.get(name);
    if (!u || u.cursor.left < 0 || u.cursor.left === undefined) {
      if (u && u.cursor.left < 0) rest();
      return;
    }
    const x = u.posToVal(u.cursor.left, "x");
    if (name === "equity") {
      const i = at(account.x, x);
      write("account", [["", longTime(toTime(x))], ["Equity", fixed(account.equity[i], 2)],
        ...beside(i),
        ["Drawdown", percent(account.drawdown[i])], ["Exposure", percent(account.net[i], 1)]]);
    }
    if (name === "price" && shown) readPrice(u, x);
  }
  function readPrice(u, x) {
    const reach = ((view[1] - view[0]) / (u.bbox.width / devicePixelRatio)) * 5;
    const { fills, position } = shown;
    const parts = [["", longTime(toTime(x))]];
    if (shown.x.length) parts.push(["Price", fixed(shown.price[at(shown.x, x)], shown.decimals)]);
    parts.push(["Position", plain(position.q[at(position.x, x)] || 0)]);
    const near = [];
    for (let i = fills.x.length ? at(fills.x, x + reach) : -1; i >= 0; i -= 1) {
      if (fills.x[i] < x - reach) break;
      if (fills.x[i] <= x + reach) near.push(i);
    }
    near.sort((a, b) => Math.abs(fills.x[a] - x) - Math.abs(fills.x[b] - x));
    for (const i of near.slice(0, 2)) {
      const many = fills.n[i] > 1;
      const what = (fills.q[i] > 0 ? "\u25b2 bought" : "\u25bc sold") +
        (many ? ` in ${fills.n[i]} fills` : "");
      const price = fixed(fills.p[i], shown.decimals);
      const fee = fills.fee[i] ? `, fee ${plain(+fills.fee[i].toPrecision(4))}` : "";
      parts.push([what, `${plain(Math.abs(fills.q[i]))} at ${price}${fee}`]);
    }
    if (near.length > 2) parts.push([`and ${near.length - 2} more`, ""]);
    write("price", parts);
  }
  function rest() {
    const last = account.x.length - 1;
    write("account", [["At the end:", ""], ["Equity", fixed(account.equity[last], 2)],
      ...beside(last),
      ["Drawdown", percent(account.drawdown[last])], ["Exposure", percent(account.net[last], 1)]]);
    if (!shown) return write("price", []);
    const kinds = {
      close: "closes of the bars", trade: "trades", mid: "midpoints", none: "fills only" };
    const parts = [[shown.symbol, `${kinds[shown.kind]}, ${plain(shown.n_fills)} fills`]];
    if (shown.joined) parts.push(["", "neighbouring fills of a side are drawn as one"]);
    return write("price", parts);
  }

  // ---------------------------------------------------------------- start

  function choose(index) {
    shown = data.symbols.length ? unpacked(data.symbols[index]) : null;
    drawSymbol();
    rest();
  }
  function picker() {
    const select = byId("symbol");
    select.parentElement.hidden = data.symbols.length < 2;
    data.symbols.forEach((symbol, index) => select.add(new Option(symbol.symbol, index)));
    select.addEventListener("change", () => choose(+select.value));
  }
  function draw() {
    drawAccount();
    drawSymbol();
    rest();
  }
  let width = innerWidth;
  function resized() {
    if (innerWidth === width) return;
    width = innerWidth;
    draw();
  }
  function saveReceipt() {
    const text = byId("receipt-json").textContent;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = "receipt.json";
    link.click();
    URL.revokeObjectURL(link.href);
  }

  picker();
  drawAccount();
  choose(0);
  for (const button of document.querySelectorAll(".reset")) {
    button.addEventListener("click", () => zoom(...full));
  }
  byId("save-receipt").addEventListener("click", saveReceipt);
  addEventListener("resize", resized);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
