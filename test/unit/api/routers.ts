/** The routes that Express really has, written as the tables write them. */
type Layer = { route?: { path: string | string[]; methods: Record<string, boolean> } };

const documented = ['get', 'post', 'delete'];

/**
 * @param router  an Express application or router
 * @param under   where it is mounted
 */
export function routesOf(router: unknown, under = ''): string[] {
  const { stack, router: inner } = router as { stack?: Layer[]; router?: { stack: Layer[] } };
  return (stack ?? inner?.stack ?? []).flatMap(({ route }) =>
    [route?.path ?? []].flat().flatMap((path) => {
      const written = path.replaceAll(/:(\w+)/g, '{$1}').replaceAll(/\*(\w+)/g, '{$1*}');
      const methods = documented.filter((method) => route?.methods[method] ?? route?.methods['_all']);
      return methods.map((method) => `${method.toUpperCase()} ${under}${written}`);
    }),
  );
}
