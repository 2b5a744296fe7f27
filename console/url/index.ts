// The URL is the view.
export { Link } from './Link.tsx'
export { navigate, setQueryValues, usePath, useQueryValue, useSearch } from './location.ts'
export { pages } from './pages.ts'
export { href, match, type Parts, type Query, searchOf } from './routes.ts'
