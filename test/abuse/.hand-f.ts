import { startRig, installDriver, installApp, running, appManifest, hrefOf, driver } from '/work/main/test/abuse/rig/index.ts';
const t0=Date.now(); const say=(...a:unknown[])=>console.log(`[${((Date.now()-t0)/1000).toFixed(1)}]`,...a);
const rig = await startRig();
try {
  say('up', await rig.databox.admin.read('/status'));
  const p = await rig.databox.admin.install({ manifest: appManifest('app-early', { datasources: { TEMPERATURE: 'temperature' } }), choices: { TEMPERATURE: hrefOf('temperature') } });
  say('early', p);
  say(await rig.databox.admin.read('/components'));
  await installDriver(rig);
  say('driver');
  await running(rig, 'app-early');
  say('early runs');
  await installApp(rig, 'app-probe');
  say(JSON.stringify(await rig.databox.admin.read('/components')));
  const inside = rig.inside('app-probe');
  say(await inside.exec(['/bin/sh','-c','id; ls -lan /run/secrets /run; cat /etc/resolv.conf; env; hostname; cat /proc/1/status | grep -i cap']).catch((e)=>String(e)));
  say(JSON.stringify(await inside.token({target:'driver-probe-core-store', path:'/ts/temperature', method:'GET'})));
  say(JSON.stringify(await rig.databox.admin.read('/network')).slice(0,1500));
  say((await rig.engine.docker(['kill', 'app-probe'])));
  await new Promise(r=>setTimeout(r,300));
  say(JSON.stringify((await rig.databox.admin.read<any[]>('/components')).slice(0,3)));
  await running(rig,'app-probe'); say('back');
  say('restart', await rig.databox.admin.must('POST','/components/app-probe/restart'));
  say(await rig.databox.kill('SIGKILL'));
  say(await rig.engine.docker(['ps','--format','{{.Names}} {{.ID}}']));
  await rig.databox.restart();
  say('restarted', await rig.engine.docker(['ps','--format','{{.Names}} {{.ID}}']));
  say(JSON.stringify((await rig.databox.admin.read<any[]>('/components')).slice(0,3)));
  say('uninstall', await rig.databox.admin.must('DELETE','/components/driver-probe?data=keep'));
  say(JSON.stringify((await rig.databox.admin.read<any[]>('/components')).slice(0,3)));
  say(JSON.stringify(await inside.token({target:'driver-probe-core-store', path:'/ts/temperature', method:'GET'})));
  await installDriver(rig); say('driver again');
  say(JSON.stringify(await inside.token({target:'driver-probe-core-store', path:'/ts/temperature', method:'GET'})));
  for (const n of ['app-early','app-probe','driver-probe']) say(n, await rig.databox.admin.must('DELETE',`/components/${n}?data=delete`));
  say(await rig.engine.docker(['ps','-a']), await rig.engine.docker(['network','ls']));
  say(JSON.stringify(await rig.databox.admin.read('/network')).slice(0,500));
} catch (e) { say('FAIL', e); }
finally { const l = rig.databox.log(); console.log(l.split('\n').filter(x=>/level":(40|50|60)/.test(x)||!x.startsWith('{')).slice(-40).join('\n')); await rig[Symbol.asyncDispose]().catch((e:unknown)=>say('DISPOSE', e)); }
