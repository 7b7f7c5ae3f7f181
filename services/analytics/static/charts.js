// The charts of the KPI page. One that is drawn already takes the new figures over.

const COLOUR = { main: "#0b5cad", grey: "#9aa5b1", ink: "#1f2933", line: "#52606d" };
const percent = (value) => `${(value * 100).toFixed(1)}%`;

function draw(id, enough, option) {
  const place = document.getElementById(id);
  const drawn = window.echarts?.getInstanceByDom(place);
  if (!enough || !window.echarts) {
    drawn?.dispose();
    place.classList.add("bare");
    place.textContent = enough ? "图表组件未安装，请运行 make setup；数据见表格与导出文件。" : "所选范围内暂无数据。";
    return;
  }
  if (!drawn) place.replaceChildren();
  place.classList.remove("bare");
  const chart = drawn || window.echarts.init(place);
  chart.setOption({ animation: false, aria: { enabled: true }, textStyle: { color: COLOUR.ink, fontFamily: "inherit" }, ...option }, { notMerge: true });
}

const coloured = (point) => ({
  value: point.value,
  n: point.n,
  itemStyle: { color: point.small ? COLOUR.grey : COLOUR.main },
});
const described = (points) => (items) => {
  const point = points[items[0].dataIndex];
  const bounds = point.interval ? `<br>95% 区间 ${point.interval.map(percent).join("–")}` : "";
  const note = point.small ? "（样本不足）" : "";
  const name = document.createElement("i");
  name.textContent = point.name;
  return `${name.innerHTML}<br>${point.shown}，n = ${point.n}${note}${bounds}`;
};

function interval(_params, api) {
  const [low, high] = [1, 2].map((index) => api.coord([api.value(index), api.value(0)]));
  const style = { stroke: COLOUR.ink, lineWidth: 1.5 };
  const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style });
  return {
    type: "group",
    children: [line(low[0], low[1], high[0], high[1]), line(low[0], low[1] - 5, low[0], low[1] + 5), line(high[0], high[1] - 5, high[0], high[1] + 5)],
  };
}

// `data`: what the server wrote into the page's data block
export function drawCharts(data) {
  draw("trend", data.trend.length, {
    grid: { left: 48, right: 16, top: 24, bottom: 72 },
    tooltip: { trigger: "axis", formatter: described(data.trend) },
    xAxis: {
      type: "category",
      data: data.trend.map((point) => `${point.name.replace(/ \(.*\)$/, "").replace(/^\d{4}-/, "")}\nn=${point.n}`),
      axisLabel: { hideOverlap: true, lineHeight: 16 },
    },
    yAxis: { type: "value", max: 1, min: (range) => Math.max(0, Math.floor(range.min * 10 - 1) / 10), axisLabel: { formatter: (v) => `${Math.round(v * 100)}%` } },
    series: [{ type: "line", symbol: "circle", symbolSize: 9, lineStyle: { color: COLOUR.main }, data: data.trend.map(coloured) }],
  });

  const stages = data.funnel.slice().reverse();
  draw("funnel", stages.some(([, count]) => count), {
    grid: { left: 96, right: 64, top: 8, bottom: 24 },
    tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
    xAxis: { type: "value", splitNumber: 4 },
    yAxis: { type: "category", data: stages.map(([name]) => name) },
    series: [{ type: "bar", barCategoryGap: "25%", itemStyle: { color: COLOUR.main }, label: { show: true, position: "right", color: COLOUR.ink }, data: stages.map(([, count]) => count) }],
  });

  const branches = data.branches.slice().sort((a, b) => a.value - b.value);
  draw("branches", branches.length, {
    grid: { left: 110, right: 72, top: 8, bottom: 24 },
    tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, formatter: described(branches) },
    xAxis: { type: "value", min: 0, max: 1, axisLabel: { formatter: (v) => `${Math.round(v * 100)}%` } },
    yAxis: { type: "category", data: branches.map((point) => point.name), axisLabel: { width: 100, overflow: "truncate" } },
    series: [
      { type: "bar", barMaxWidth: 28, label: { show: true, position: "insideLeft", color: "#fff", formatter: (item) => `${percent(item.data.value)}  n=${item.data.n}` }, data: branches.map(coloured) },
      { type: "custom", silent: true, z: 5, renderItem: interval, encode: { x: [1, 2], y: 0 }, data: branches.filter((point) => point.interval).map((point) => [branches.indexOf(point), ...point.interval]) },
    ],
  });

  const days = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
  const hours = [...new Set(data.heat.map(([, hour]) => hour))].sort((a, b) => a - b);
  draw("heat", data.heat.length, {
    grid: { left: 48, right: 16, top: 8, bottom: 72 },
    tooltip: { formatter: ({ data: cell }) => `${days[cell[1]]} ${hours[cell[0]]} 时<br>接通率 ${percent(cell[2])}（${cell[4]} / ${cell[3]}）` },
    xAxis: { type: "category", data: hours.map((hour) => `${hour} 时`) },
    yAxis: { type: "category", data: days, inverse: true },
    visualMap: { dimension: 2, min: 0, max: 1, orient: "horizontal", left: "center", bottom: 4, itemHeight: 160, calculable: false, text: ["100%", "0%"], inRange: { color: ["#f3f5f7", "#7fb2e5", "#0b5cad"] } },
    series: [{ type: "heatmap", label: { show: true, formatter: ({ data: cell }) => `${Math.round(cell[2] * 100)}` }, data: data.heat.map(([weekday, hour, tried, reached]) => [hours.indexOf(hour), weekday - 1, reached / tried, tried, reached]) }],
  });
}

export function fitCharts() {
  for (const place of document.querySelectorAll(".chart")) window.echarts?.getInstanceByDom(place)?.resize();
}
