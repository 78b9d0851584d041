" SPDX-License-Identifier: Apache-2.0
" Lines of mod_redirect307 in httpd.conf and .htaccess, on top of vim's own apache.vim.
" t/guards/contrib.sh holds the words against the module's tables.

syn case ignore
" a name that begins as ours do and is none is an error
syn match redirect307Unknown "\<Redirect307\w*\>" contained
syn keyword redirect307Directive contained Redirect307 Redirect307Match Redirect307Map Redirect307Maintenance
syn keyword redirect307Directive contained Redirect307Engine Redirect307Base Redirect307Relative Redirect307AllowHosts
syn keyword redirect307Directive contained Redirect307Refuse Redirect307Exempt Redirect307By Redirect307Drain
syn keyword redirect307Directive contained Redirect307Arena Redirect307HtaccessCache Redirect307Limits Redirect307Require
syn keyword redirect307Directive contained Redirect307Hits Redirect307Status Redirect307Lint
" a name in a list of AllowOverrideList, and a line of its own
syn match redirect307Listed "\<Redirect307\w*\>" transparent contains=redirect307Directive,redirect307Unknown
syn match redirect307Line "^\s*Redirect307\w*\>.*$" transparent
      \ contains=redirect307Directive,redirect307Unknown,redirect307Option,redirect307Foreign,redirect307Insertion,redirect307Gone,apacheString
syn case match

" what stands behind source and target: word=
syn match redirect307Foreign "\s\zs\"\?[a-z-]\+\ze=" contained
syn match redirect307Option "\s\zs\"\?\(match\|case\|slash\|host\|method\|args\|cookie\|header\|env\)\ze=" contained
syn match redirect307Option "\s\zs\"\?\(ip\|lang\|user\|file\|flag\|expr\|percent\|sticky\|optin\)\ze=" contained
syn match redirect307Option "\s\zs\"\?\(status\|query\|from\|until\|then\|review\|cache\|vary\|name\|owner\|note\)\ze=" contained
" of Redirect307Map; of Redirect307Maintenance; of Redirect307Limits; of Redirect307Hits and Redirect307Status
syn match redirect307Option "\s\zsformat\ze=" contained
syn match redirect307Option "\s\zs\"\?\(page\|eta\|allow\|allow-link\|exempt\|answer\)\ze=" contained
syn match redirect307Option "\s\zs\(rules\|regex\|regex-steps\|targets\|errors\|map-lines\|map-size\|longest\)\ze=" contained
syn match redirect307Option "\s\zs\(keep\|link\)\ze=" contained
" what a request brings into the target
syn match redirect307Insertion "%{[^}]*}\|\$\d\|:[a-z][A-Za-z0-9_]*\>\||lower\>" contained
syn match redirect307Gone "\s\zs-\ze\(\s\|$\)" contained
" a case of redirect307ctl test, and a comment of another kind stays one
syn match redirect307Case "^\s*#?.*$"

hi def link redirect307Directive apacheDeclaration
hi def link redirect307Unknown Error
hi def link redirect307Option apacheOption
hi def link redirect307Foreign Error
hi def link redirect307Insertion Special
hi def link redirect307Gone Special
hi def link redirect307Case SpecialComment
