// The description of the API, made from the schemas of the routes when somebody first asks: what makes it is a hundred modules
// (a writer of YAML among them), and a start need not wait for them.
//
//   each route, as it is added --> kept --> first GET /api/openapi.json --> an app that answers nothing, with @fastify/swagger
import fastify, { type FastifyInstance, type RouteOptions } from 'fastify'

/** Serves it. To be called before the routes are added that it shall describe. */
export function addDescription(app: FastifyInstance, release: string): void {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => void routes.push(route))
  let making: Promise<object> | undefined
  app.get('/api/openapi.json', { schema: { hide: true } }, () => (making ??= describe(routes, release)))
}

async function describe(routes: readonly RouteOptions[], release: string): Promise<object> {
  const { default: swagger } = await import('@fastify/swagger')
  const app = fastify({ exposeHeadRoutes: false })
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => () => '')
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Castle',
        version: release,
        description:
          'The controller of Castellan. Lists answer {items, next}; errors are problem documents (RFC 9457).',
      },
    },
  })
  for (const { method, url, schema, config } of routes) {
    if (method === 'HEAD') continue
    app.route({ method, url, ...(schema && { schema }), ...(config && { config }), handler: () => null })
  }
  await app.ready()
  return app.swagger()
}
