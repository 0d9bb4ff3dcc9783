/** Addresses are relative to the page's own: the owner sees it below `/driver-os-monitor/`. */
export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>OS monitor driver</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 40rem; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; }
  th, td { border-bottom: 1px solid #8884; padding: .4rem; text-align: left; }
  td { font-variant-numeric: tabular-nums; text-align: right; }
  @media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } }
</style>
<h1>OS monitor driver</h1>
<p>Written to this driver's own store every second. No app sees it unless you choose it for that app.</p>
<table><tbody id="values"></tbody></table>
<p id="state" role="status">Loading …</p>
<script>
  const base = location.pathname.replace(/\\/?$/, '/');
  async function show() {
    try {
      const { rounds, interruptions, values } = await (await fetch(base + 'values')).json();
      document.getElementById('values').replaceChildren(...Object.entries(values).map(([id, value]) => {
        const row = document.createElement('tr');
        const [head, cell] = [document.createElement('th'), document.createElement('td')];
        head.scope = 'row';
        head.textContent = id;
        cell.textContent = value.toLocaleString();
        row.append(head, cell);
        return row;
      }));
      document.getElementById('state').textContent = rounds + ' rounds written, ' + interruptions + ' interruptions';
    } catch {
      document.getElementById('state').textContent = 'The driver does not answer.';
    }
    setTimeout(show, 1000);
  }
  show();
</script>
</html>
`;
