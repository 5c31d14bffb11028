import { useEffect, useRef } from "react";
import {
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  type ChartConfiguration,
} from "chart.js";
import type { Reading } from "../state/readings.ts";

Chart.register(Filler, LinearScale, LineController, LineElement, PointElement);

const SPAN_S = 60;

/** Processor and memory over the last minute. The picture is told in words as well, and as a table beside it. */
export default function LoadChart({ readings }: { readings: readonly Reading[] }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const chart = useRef<Chart<"line", { x: number; y: number }[]>>(undefined);

  useEffect(() => {
    if (!canvas.current) return undefined;
    const made = new Chart(canvas.current, configuration());
    chart.current = made;
    const paint = (): void => colour(made);
    paint();
    // By day and by night, by the system's choice or by ours.
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", paint);
    const own = new MutationObserver(paint);
    own.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      system.removeEventListener("change", paint);
      own.disconnect();
      made.destroy();
    };
  }, []);

  useEffect(() => {
    const [cpu, memory] = chart.current?.data.datasets ?? [];
    const now = readings.at(-1)?.at.getTime() ?? 0;
    const points = (value: (reading: Reading) => number) =>
      readings.map((reading) => ({ x: (reading.at.getTime() - now) / 1000, y: value(reading) }));
    if (cpu) cpu.data = points((reading) => reading.cpu);
    if (memory) memory.data = points((reading) => reading.memory);
    chart.current?.update();
  }, [readings]);

  return (
    <figure className="chart">
      <figcaption aria-hidden="true">
        <span data-series="cpu">Processor, %</span>
        <span data-series="memory">Memory, MiB</span>
      </figcaption>
      <div className="chart-canvas">
        <canvas ref={canvas} role="img" aria-label={describe(readings)} />
      </div>
    </figure>
  );
}

function configuration(): ChartConfiguration<"line", { x: number; y: number }[]> {
  const line = { data: [], pointRadius: 0, borderWidth: 2, tension: 0.25 };
  return {
    type: "line",
    data: {
      datasets: [
        { ...line, label: "Processor", yAxisID: "cpu", fill: "origin" },
        { ...line, label: "Memory", yAxisID: "memory", borderDash: [5, 4] },
      ],
    },
    options: {
      animation: false,
      events: [],
      maintainAspectRatio: false,
      normalized: true,
      parsing: false,
      scales: {
        x: {
          type: "linear",
          min: -SPAN_S,
          max: 0,
          ticks: { stepSize: 15, callback: (value) => (value === 0 ? "now" : `${value} s`) },
        },
        cpu: { type: "linear", position: "left", min: 0, suggestedMax: 100, ticks: { maxTicksLimit: 5 } },
        memory: {
          type: "linear",
          position: "right",
          min: 0,
          suggestedMax: 400,
          grid: { drawOnChartArea: false },
          ticks: { maxTicksLimit: 5 },
        },
      },
    },
  };
}

/** Takes the colours from the canvas's own style: only there has the browser worked out which of the two counts. */
function colour(chart: Chart<"line", { x: number; y: number }[]>): void {
  const style = getComputedStyle(chart.canvas);
  const [cpu, memory] = chart.data.datasets;
  if (cpu) {
    cpu.borderColor = style.color;
    cpu.backgroundColor = style.borderRightColor;
  }
  if (memory) memory.borderColor = style.caretColor;
  for (const scale of Object.values(chart.options.scales ?? {})) {
    if (!scale) continue;
    scale.ticks = { ...scale.ticks, color: style.outlineColor };
    scale.grid = { ...scale.grid, color: style.borderTopColor };
    scale.border = { color: style.borderTopColor };
  }
  chart.update();
}

function describe(readings: readonly Reading[]): string {
  const latest = readings.at(-1);
  if (!latest) return "Chart of processor and memory: nothing measured yet.";
  const cpu = readings.map((reading) => reading.cpu);
  return (
    `Chart of the last minute. Processor: now ${Math.round(latest.cpu)} %, ` +
    `between ${Math.round(Math.min(...cpu))} and ${Math.round(Math.max(...cpu))} %. ` +
    `Memory: ${Math.round(latest.memory)} MiB.`
  );
}
