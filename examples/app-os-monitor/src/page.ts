/** Addresses are relative to the page's own: the owner sees it below `/app-os-monitor/`. */
export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>OS monitor</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 52rem; padding: 0 1rem; }
  canvas { width: 100%; height: 14rem; border: 1px solid #8884; border-radius: .5rem; }
  h2 { font-size: 1rem; margin: 1.5rem 0 .3rem; }
  output { font-variant-numeric: tabular-nums; }
  button { font: inherit; padding: .4rem 1rem; }
  @media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } }
</style>
<h1>OS monitor</h1>
<h2>Free memory <output id="mem"></output></h2>
<canvas id="freemem" role="img" aria-label="Free memory over time"></canvas>
<h2>Load, one minute <output id="load"></output></h2>
<canvas id="loadavg1" role="img" aria-label="Load average over time"></canvas>
<p id="state" role="status">Waiting for data …</p>
<p><button id="export">Export a summary</button> <output id="exported"></output></p>
<script>
  const base = location.pathname.replace(/\\/?$/, '/');
  const byId = (id) => document.getElementById(id);
  const units = { mem: (value) => (value / 1048576).toFixed(0) + ' MiB', load: (value) => value.toFixed(2) };

  function draw(canvas, samples) {
    const scale = window.devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * scale;
    canvas.height = canvas.clientHeight * scale;
    const context = canvas.getContext('2d');
    if (samples.length < 2) return;
    const values = samples.map(({ value }) => value);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const [from, to] = [samples[0].timestamp, samples[samples.length - 1].timestamp];
    const margin = 8 * scale;
    context.strokeStyle = '#1f77b4';
    context.lineWidth = 2 * scale;
    context.beginPath();
    for (const { timestamp, value } of samples) {
      const x = margin + (canvas.width - 2 * margin) * (timestamp - from) / (to - from || 1);
      const y = canvas.height - margin - (canvas.height - 2 * margin) * (value - low) / (high - low || 1);
      context.lineTo(x, y);
    }
    context.stroke();
  }

  function figures({ min, max, mean, latest }, unit) {
    if (latest === null) return '';
    return unit(latest) + ' (lowest ' + unit(min) + ', highest ' + unit(max) + ', mean ' + unit(mean) + ')';
  }

  async function show() {
    try {
      const [stats, series] = await Promise.all(['stats', 'series'].map(async (name) => (await fetch(base + name)).json()));
      byId('mem').textContent = figures(stats.mem, units.mem);
      byId('load').textContent = figures(stats.load[1], units.load);
      for (const id of ['freemem', 'loadavg1']) draw(byId(id), series[id] ? series[id].samples : []);
      const troubles = Object.entries(series).filter(([, feed]) => feed.trouble).map(([id, feed]) => id + ': ' + feed.trouble);
      byId('state').textContent = troubles.join('; ') || stats.mem.samples + ' samples of free memory read';
    } catch {
      byId('state').textContent = 'The app does not answer.';
    }
    setTimeout(show, 1000);
  }
  show();

  byId('export').addEventListener('click', async () => {
    byId('exported').textContent = 'exporting …';
    const answer = await fetch(base + 'export', { method: 'POST' }).then((res) => res.json(), (error) => ({ error }));
    byId('exported').textContent = answer.error ? String(answer.error) : answer.state + ' ' + (answer.ext_response.status || '');
  });
</script>
</html>
`;
