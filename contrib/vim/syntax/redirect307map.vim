" SPDX-License-Identifier: Apache-2.0
" Maps of mod_redirect307, format=lines: source, target, options.
" t/guards/contrib.sh holds the words against the module's tables.
if exists('b:current_syntax')
  finish
endif

syn region redirect307mapString start=+"+ skip=+\\"+ end=+"+ oneline contains=redirect307mapInsertion
syn match redirect307mapSource "^\s*[^# \t]\S*" nextgroup=redirect307mapTarget skipwhite contains=redirect307mapInsertion
syn match redirect307mapTarget "\S\+" contained contains=redirect307mapInsertion
syn region redirect307mapSource start=+^\s*"+ skip=+\\"+ end=+"+ oneline nextgroup=redirect307mapTarget skipwhite contains=redirect307mapInsertion
syn match redirect307mapForeign "\s\zs\"\?[a-z-]\+\ze="
syn match redirect307mapOption "\s\zs\"\?\(match\|case\|slash\|host\|method\|args\|cookie\|header\|env\)\ze="
syn match redirect307mapOption "\s\zs\"\?\(ip\|lang\|user\|file\|flag\|expr\|percent\|sticky\|optin\)\ze="
syn match redirect307mapOption "\s\zs\"\?\(status\|query\|from\|until\|then\|review\|cache\|vary\|name\|owner\|note\)\ze="
syn match redirect307mapInsertion "%{[^}]*}\|\$\d\|:[a-z][A-Za-z0-9_]*\>\||lower\>" contained
syn match redirect307mapComment "^\s*#.*$"
syn match redirect307mapCase "^\s*#?.*$"

hi def link redirect307mapSource Identifier
hi def link redirect307mapTarget Constant
hi def link redirect307mapString String
hi def link redirect307mapOption Type
hi def link redirect307mapForeign Error
hi def link redirect307mapInsertion Special
hi def link redirect307mapComment Comment
hi def link redirect307mapCase SpecialComment

let b:current_syntax = 'redirect307map'
