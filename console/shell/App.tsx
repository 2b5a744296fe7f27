// The page as a whole: theme, language and data around the frame, and in the frame the page that the address names.
import { QueryClientProvider } from '@tanstack/react-query'
import { ConfigProvider } from 'antd'
import { Suspense } from 'react'
import { queryClient } from '../api/index.ts'
import { useAntdLocale, useText } from '../catalogue/index.ts'
import { Link, usePath } from '../url/index.ts'
import { ErrorBoundary } from './ErrorBoundary.tsx'
import { Frame } from './Frame.tsx'
import { findPage } from './page-table.ts'
import { antdConfig, useTheme } from './theme.ts'

export function App() {
  const theme = useTheme()
  const locale = useAntdLocale()
  return (
    <ConfigProvider
      theme={antdConfig(theme)}
      locale={locale}
      wave={{ disabled: true }}
      button={{ autoInsertSpace: false }}
    >
      <QueryClientProvider client={queryClient}>
        <Frame>
          <CurrentPage />
        </Frame>
      </QueryClientProvider>
    </ConfigProvider>
  )
}

function CurrentPage() {
  const path = usePath()
  const found = findPage(path)
  if (found === undefined) return <NotFound />
  const { row, parts } = found
  return (
    <ErrorBoundary key={path}>
      <Suspense fallback={<div className="page" aria-busy="true" />}>
        <row.Page parts={parts} />
      </Suspense>
    </ErrorBoundary>
  )
}

function NotFound() {
  const { shell } = useText()
  return (
    <div className="page">
      <h1>{shell.notFound}</h1>
      <p className="quiet">{shell.notFoundHint}</p>
      <Link to="/">{shell.toOverview}</Link>
    </div>
  )
}
