/* SPDX-License-Identifier: Apache-2.0 */
#include "foreign.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"

#define NAME_MOST 64

/* The directives of httpd 2.4's own modules, and of those that are found beside them,
 * as mod_info lists them: those that .htaccess may have, by the source of their module, each
 * with one space behind it. */
static const struct module_t {
    const char *source, *names;
} in_htaccess[] = {
    { "core.c",
      "AcceptPathInfo AddDefaultCharset CGIPassAuth CGIVar ContentDigest "
      "DefaultType EnableMMAP EnableSendfile Error ErrorDocument FileETag "
      "ForceType LimitRequestBody LimitXMLRequestBody Options "
      "QualifyRedirectURL RLimitCPU RLimitMEM RLimitNPROC ServerSignature "
      "SetHandler SetInputFilter SetOutputFilter " },
    { "mod_access_compat.c",
      "Allow Deny Order Satisfy " },
    { "mod_actions.c",
      "Action " },
    { "mod_alias.c",
      "AliasPreservePath Redirect RedirectMatch RedirectPermanent "
      "RedirectRelative RedirectTemp " },
    { "mod_auth_basic.c",
      "AuthBasicAuthoritative AuthBasicFake AuthBasicProvider "
      "AuthBasicUseDigestAlgorithm " },
    { "mod_auth_digest.c",
      "AuthDigestAlgorithm AuthDigestDomain AuthDigestNcCheck "
      "AuthDigestNonceLifetime AuthDigestProvider AuthDigestQop " },
    { "mod_auth_form.c",
      "AuthFormAuthoritative AuthFormBody AuthFormDisableNoStore "
      "AuthFormFakeBasicAuth AuthFormLocation AuthFormLoginRequiredLocation "
      "AuthFormLoginSuccessLocation AuthFormLogoutLocation AuthFormMethod "
      "AuthFormMimetype AuthFormPassword AuthFormProvider "
      "AuthFormSitePassphrase AuthFormUsername " },
    { "mod_authn_anon.c",
      "Anonymous Anonymous_LogEmail Anonymous_MustGiveEmail "
      "Anonymous_NoUserId Anonymous_VerifyEmail " },
    { "mod_authn_core.c",
      "AuthName AuthType " },
    { "mod_authn_dbm.c",
      "AuthDBMType AuthDBMUserFile " },
    { "mod_authn_file.c",
      "AuthUserFile " },
    { "mod_authn_socache.c",
      "AuthnCacheProvideFor AuthnCacheTimeout " },
    { "mod_authnz_fcgi.c",
      "AuthnzFcgiCheckAuthnProvider " },
    { "mod_authnz_ldap.c",
      "AuthLDAPAuthorizePrefix AuthLDAPBindAuthoritative AuthLDAPBindDN "
      "AuthLDAPBindPassword AuthLDAPCompareAsUser AuthLDAPCompareDNOnServer "
      "AuthLDAPDereferenceAliases AuthLDAPGroupAttribute "
      "AuthLDAPGroupAttributeIsDN AuthLDAPInitialBindAsUser "
      "AuthLDAPInitialBindPattern AuthLDAPMaxSubGroupDepth "
      "AuthLDAPRemoteUserAttribute AuthLDAPRemoteUserIsDN "
      "AuthLDAPSearchAsUser AuthLDAPSubGroupAttribute AuthLDAPSubGroupClass "
      "AuthLDAPURL " },
    { "mod_authz_core.c",
      "AuthMerging AuthzSendForbiddenOnFailure Require " },
    { "mod_authz_dbm.c",
      "AuthDBMGroupFile AuthzDBMType " },
    { "mod_authz_groupfile.c",
      "AuthGroupFile " },
    { "mod_autoindex.c",
      "AddAlt AddAltByEncoding AddAltByType AddDescription AddIcon "
      "AddIconByEncoding AddIconByType DefaultIcon FancyIndexing HeaderName "
      "IndexHeadInsert IndexIgnore IndexIgnoreReset IndexOptions "
      "IndexOrderDefault IndexStyleSheet ReadmeName " },
    { "mod_cern_meta.c",
      "MetaDir MetaFiles MetaSuffix " },
    { "mod_charset_lite.c",
      "CharsetDefault CharsetOptions CharsetSourceEnc " },
    { "mod_deflate.c",
      "DeflateInflateLimitRequestBody DeflateInflateRatioBurst "
      "DeflateInflateRatioLimit " },
    { "mod_dir.c",
      "DirectoryCheckHandler DirectoryIndex DirectoryIndexRedirect "
      "DirectorySlash FallbackResource " },
    { "mod_env.c",
      "PassEnv SetEnv UnsetEnv " },
    { "mod_expires.c",
      "ExpiresActive ExpiresByType ExpiresDefault " },
    { "mod_filter.c",
      "AddOutputFilterByType FilterChain FilterDeclare FilterProtocol "
      "FilterProvider " },
    { "mod_headers.c",
      "Header RequestHeader " },
    { "mod_http2.c",
      "H2CopyFiles H2EarlyHint H2ProxyRequests H2Push H2PushResource "
      "H2Upgrade " },
    { "mod_imagemap.c",
      "ImapBase ImapDefault ImapMenu " },
    { "mod_include.c",
      "SSIErrorMsg SSIEtag SSILastModified SSILegacyExprParser SSITimeFormat "
      "SSIUndefinedEcho XBitHack " },
    { "mod_ldap.c",
      "LDAPReferralHopLimit LDAPReferrals LDAPTrustedClientCert " },
    { "mod_logio.c",
      "LogIOTrackTTFB " },
    { "mod_lua.c",
      "LuaCodeCache LuaHookAccessChecker LuaHookAuthChecker "
      "LuaHookCheckUserID LuaHookFixups LuaHookInsertFilter LuaHookLog "
      "LuaHookMapToStorage LuaHookPreTranslateName LuaHookTranslateName "
      "LuaHookTypeChecker LuaInherit LuaInputFilter LuaMapHandler "
      "LuaOutputFilter LuaPackageCPath LuaPackagePath LuaQuickHandler "
      "LuaRoot LuaScope " },
    { "mod_macro.c",
      "MacroIgnoreBadNesting MacroIgnoreEmptyArgs UndefMacro Use " },
    { "mod_md.c",
      "MDRequireHttps " },
    { "mod_mime.c",
      "AddCharset AddEncoding AddHandler AddInputFilter AddLanguage "
      "AddOutputFilter AddType DefaultLanguage MultiviewsMatch RemoveCharset "
      "RemoveEncoding RemoveHandler RemoveInputFilter RemoveLanguage "
      "RemoveOutputFilter RemoveType " },
    { "mod_negotiation.c",
      "ForceLanguagePriority LanguagePriority " },
    { "mod_perl.c",
      "PerlAccessHandler PerlAddVar PerlAuthenHandler PerlAuthzHandler "
      "PerlCleanupHandler PerlFixupHandler PerlHandler "
      "PerlHeaderParserHandler PerlInitHandler PerlInputFilterHandler "
      "PerlLogHandler PerlModule PerlOptions PerlOutputFilterHandler "
      "PerlRequire PerlResponseHandler PerlSendHeader PerlSetEnv "
      "PerlSetInputFilter PerlSetOutputFilter PerlSetupEnv PerlSetVar "
      "PerlTypeHandler " },
    { "mod_php.c",
      "php_flag php_value " },
    { "mod_proxy_express.c",
      "ProxyExpressDBMFile ProxyExpressDBMType ProxyExpressEnable " },
    { "mod_proxy_fcgi.c",
      "ProxyFCGIBackendType ProxyFCGISetEnvIf " },
    { "mod_proxy_hcheck.c",
      "ProxyHCExpr ProxyHCTemplate " },
    { "mod_reflector.c",
      "ReflectorHeader " },
    { "mod_rewrite.c",
      "RewriteBase RewriteCond RewriteEngine RewriteOptions RewriteRule " },
    { "mod_session.c",
      "Session SessionEnv SessionExclude SessionExpiryUpdateInterval "
      "SessionHeader SessionInclude SessionMaxAge " },
    { "mod_session_cookie.c",
      "SessionCookieName SessionCookieName2 SessionCookieRemove " },
    { "mod_session_crypto.c",
      "SessionCryptoCipher SessionCryptoPassphrase " },
    { "mod_session_dbd.c",
      "SessionDBDCookieName SessionDBDCookieName2 SessionDBDCookieRemove "
      "SessionDBDDeleteLabel SessionDBDInsertLabel SessionDBDPerUser "
      "SessionDBDSelectLabel SessionDBDUpdateLabel " },
    { "mod_setenvif.c",
      "BrowserMatch BrowserMatchNoCase SetEnvIf SetEnvIfExpr SetEnvIfNoCase " },
    { "mod_speling.c",
      "CheckBasenameMatch CheckCaseOnly CheckSpelling " },
    { "mod_ssl.c",
      "SSLCACertificateFile SSLCACertificatePath SSLCipherSuite SSLLog "
      "SSLLogLevel SSLOptions SSLRenegBufferSize SSLRequire SSLRequireSSL "
      "SSLUserName SSLVerifyClient SSLVerifyDepth " },
    { "mod_substitute.c",
      "Substitute SubstituteInheritBefore SubstituteMaxLineLength " },
    { "mod_usertrack.c",
      "CookieDomain CookieExpires CookieHttpOnly CookieName CookieSameSite "
      "CookieSecure CookieStyle CookieTracking " },
    { "mod_xml2enc.c",
      "xml2EncDefault xml2StartParse " },
    { NULL, NULL }
};

/* And those that it may not. */
static const char in_conf[] =
    "AcceptFilter AccessFileName AddModuleInfo Alias AliasMatch AllowCONNECT "
    "AllowEncodedSlashes AllowMethods AllowOverride AllowOverrideList "
    "AsyncRequestWorkerFactor AuthDBDUserPWQuery AuthDBDUserRealmQuery "
    "AuthDigestShmemSize AuthFormSize AuthLDAPCharsetConfig AuthnCacheContext "
    "AuthnCacheEnable AuthnCacheSOCache AuthnzFcgiDefineProvider "
    "AuthzDBDLoginToReferer AuthzDBDQuery AuthzDBDRedirectQuery BalancerGrowth "
    "BalancerInherit BalancerMember BalancerPersist BrotliAlterETag "
    "BrotliCompressionMaxInputBlock BrotliCompressionQuality "
    "BrotliCompressionWindow BrotliFilterNote BufferedLogs BufferSize "
    "CacheDefaultExpire CacheDetailHeader CacheDirLength CacheDirLevels "
    "CacheDisable CacheEnable cachefile CacheHeader CacheIgnoreCacheControl "
    "CacheIgnoreHeaders CacheIgnoreNoLastMod CacheIgnoreQueryString "
    "CacheIgnoreURLSessionIdentifiers CacheKeyBaseURL CacheLastModifiedFactor "
    "CacheLock CacheLockMaxAge CacheLockPath CacheMaxExpire CacheMaxFileSize "
    "CacheMinExpire CacheMinFileSize CacheNegotiatedDocs CacheQuickHandler "
    "CacheReadSize CacheReadTime CacheRoot CacheSocache CacheSocacheMaxSize "
    "CacheSocacheMaxTime CacheSocacheMinTime CacheSocacheReadSize "
    "CacheSocacheReadTime CacheStaleOnError CacheStoreExpired CacheStoreNoStore "
    "CacheStorePrivate CaseFilter CaseFilterIn CGIDScriptTimeout CGIScriptTimeout "
    "ChrootDir CoreDumpDirectory CustomLog DAV DAVBasePath DAVDepthInfinity "
    "DAVGenericLockDB DAVLockDB DAVLockDiscovery DAVMinTimeout DBDExptime "
    "DBDInitSQL DBDKeep DBDMax DBDMin DBDParams DBDPersist DBDPrepareSQL DBDriver "
    "DefaultRuntimeDir Define DeflateAlterEtag DeflateBufferSize "
    "DeflateCompressionLevel DeflateFilterNote DeflateMemLevel DeflateWindowSize "
    "DocumentRoot DumpIOInput DumpIOOutput ErrorLog ErrorLogFormat ExtendedStatus "
    "ExtFilterDefine ExtFilterOptions FilterTrace FlushMaxPipelined "
    "FlushMaxThreshold ForensicLog GlobalLog GracefulShutdownTimeout Group H2Direct "
    "H2EarlyHints H2MaxDataFrameLen H2MaxHeaderBlockLen H2MaxSessionStreams "
    "H2MaxStreamErrors H2MaxWorkerIdleSeconds H2MaxWorkers H2MinWorkers "
    "H2ModernTLSOnly H2OutputBuffering H2Padding H2PushDiarySize H2PushPriority "
    "H2SerializeHeaders H2SessionExtraFiles H2StreamMaxMemSize H2StreamTimeout "
    "H2TLSCoolDownSecs H2TLSWarmUpSize H2WebSockets H2WindowSize HeartbeatAddress "
    "HeartbeatListen HeartbeatMaxServers HeartbeatStorage HostnameLookups "
    "HttpProtocolOptions IdentityCheck IdentityCheckTimeout Include IncludeOptional "
    "InputSed KeepAlive KeepAliveTimeout KeptBodySize LDAPCacheEntries LDAPCacheTTL "
    "LDAPConnectionPoolTTL LDAPConnectionTimeout LDAPLibraryDebug "
    "LDAPOpCacheEntries LDAPOpCacheTTL LDAPRetries LDAPRetryDelay "
    "LDAPSharedCacheFile LDAPSharedCacheSize LDAPTimeout LDAPTrustedGlobalCert "
    "LDAPTrustedMode LDAPVerifyServerCert LimitInternalRecursion LimitRequestFields "
    "LimitRequestFieldsize LimitRequestLine Listen ListenBacklog "
    "ListenCoresBucketsRatio ListenTCPDeferAccept LoadFile LoadModule LogFormat "
    "LogLevel LogMessage LuaAuthzProvider MaxClients MaxConnectionsPerChild "
    "MaxKeepAliveRequests MaxMemFree MaxRangeOverlaps MaxRangeReversals MaxRanges "
    "MaxRequestsPerChild MaxRequestWorkers MaxSpareThreads MDActivationDelay "
    "MDBaseServer MDCACertificateFile MDCAChallenges MDCertificateAgreement "
    "MDCertificateAuthority MDCertificateCheck MDCertificateFile "
    "MDCertificateKeyFile MDCertificateProtocol MDCertificateStatus "
    "MDChallengeDns01 MDChallengeDns01Version MDCheckInterval MDContactEmail "
    "MDDriveMode MDExternalAccountBinding MDHttpProxy MDHttpProxyCACertificateFile "
    "MDInitialDelay MDMatchNames MDMember MDMembers MDMessageCmd MDMustStaple "
    "MDNotifyCmd MDomain MDPortMap MDPrivateKeys MDProfile MDProfileMandatory "
    "MDRenewMode MDRenewViaARI MDRenewWindow MDRetryDelay MDRetryFailover "
    "MDServerStatus MDStapleOthers MDStapling MDStaplingKeepResponse "
    "MDStaplingRenewWindow MDStoreDir MDStoreLocks MDWarnWindow MemcacheConnTTL "
    "MergeSlashes MergeTrailers MimeMagicFile MinSpareThreads mmapfile "
    "ModemStandard ModMimeUsePathInfo Mutex NameVirtualHost NoProxy OutputSed Perl "
    "PerlAddAuthnProvider PerlAddAuthzProvider PerlChildExitHandler "
    "PerlChildInitHandler PerlConfigRequire PerlInterpMax PerlInterpMaxRequests "
    "PerlInterpMaxSpare PerlInterpMinSpare PerlInterpStart PerlLoadModule "
    "PerlMapToStorageHandler PerlOpenLogsHandler PerlPassEnv PerlPostConfigHandler "
    "PerlPostConfigRequire PerlPostReadRequestHandler PerlPreConnectionHandler "
    "PerlProcessConnectionHandler PerlSwitches PerlTaintCheck PerlTransHandler "
    "PerlWarn php_admin_flag php_admin_value PHPINIDir PidFile Port Protocol "
    "ProtocolEcho Protocols ProtocolsHonorOrder Proxy100Continue ProxyAddHeaders "
    "ProxyBadHeader ProxyBlock ProxyDomain ProxyErrorOverride ProxyFtpDirCharset "
    "ProxyFtpEscapeWildcards ProxyFtpListOnWildcard ProxyHCTPsize ProxyHTMLBufSize "
    "ProxyHTMLCharsetOut ProxyHTMLDoctype ProxyHTMLEnable ProxyHTMLEvents "
    "ProxyHTMLExtended ProxyHTMLFixups ProxyHTMLInterp ProxyHTMLLinks ProxyHTMLMeta "
    "ProxyHTMLStripComments ProxyHTMLURLMap ProxyIOBufferSize ProxyMaxForwards "
    "ProxyPass ProxyPassInherit ProxyPassInterpolateEnv ProxyPassMatch "
    "ProxyPassReverse ProxyPassReverseCookieDomain ProxyPassReverseCookiePath "
    "ProxyPreserveHost ProxyReceiveBufferSize ProxyRemote ProxyRemoteMatch "
    "ProxyRequests ProxySCGIInternalRedirect ProxySCGISendfile ProxySet "
    "ProxySourceAddress ProxyStatus ProxyTimeout ProxyVia "
    "ProxyWebsocketFallbackToProxyHttp ReadBufferSize ReceiveBufferSize "
    "RedisConnPoolTTL RedisTimeout RegexDefaultOptions RegisterHttpMethod "
    "RemoteIPHeader RemoteIPInternalProxy RemoteIPInternalProxyList "
    "RemoteIPProxiesHeader RemoteIPProxyProtocol RemoteIPProxyProtocolExceptions "
    "RemoteIPTrustedProxy RemoteIPTrustedProxyList RequestReadTimeout RewriteMap "
    "ScoreBoardFile Script ScriptAlias ScriptAliasMatch ScriptLog ScriptLogBuffer "
    "ScriptLogLength ScriptSock SeeRequestTail SendBufferSize ServerAdmin "
    "ServerAlias ServerLimit ServerName ServerPath ServerRoot ServerTokens "
    "SessionCryptoDriver SessionCryptoPassphraseFile SSIEndTag SSIStartTag "
    "SSLCADNRequestFile SSLCADNRequestPath SSLCARevocationCheck SSLCARevocationFile "
    "SSLCARevocationPath SSLCertificateChainFile SSLCertificateFile "
    "SSLCertificateKeyFile SSLCompression SSLCryptoDevice SSLEngine SSLFIPS "
    "SSLHonorCipherOrder SSLInsecureRenegotiation SSLOCSPDefaultResponder "
    "SSLOCSPEnable SSLOCSPNoVerify SSLOCSPOverrideResponder SSLOCSPProxyURL "
    "SSLOCSPResponderCertificateFile SSLOCSPResponderTimeout SSLOCSPResponseMaxAge "
    "SSLOCSPResponseTimeSkew SSLOCSPUseRequestNonce SSLOpenSSLConfCmd "
    "SSLPassPhraseDialog SSLProtocol SSLProxyCACertificateFile "
    "SSLProxyCACertificatePath SSLProxyCARevocationCheck SSLProxyCARevocationFile "
    "SSLProxyCARevocationPath SSLProxyCheckPeerCN SSLProxyCheckPeerExpire "
    "SSLProxyCheckPeerName SSLProxyCipherSuite SSLProxyEngine "
    "SSLProxyMachineCertificateChainFile SSLProxyMachineCertificateFile "
    "SSLProxyMachineCertificatePath SSLProxyProtocol SSLProxyVerify "
    "SSLProxyVerifyDepth SSLRandomSeed SSLSessionCache SSLSessionCacheTimeout "
    "SSLSessionTicketKeyFile SSLSessionTickets SSLSRPUnknownUserSeed "
    "SSLSRPVerifierFile SSLStaplingCache SSLStaplingErrorCacheTimeout "
    "SSLStaplingFakeTryLater SSLStaplingForceURL SSLStaplingResponderTimeout "
    "SSLStaplingResponseMaxAge SSLStaplingResponseTimeSkew "
    "SSLStaplingReturnResponderErrors SSLStaplingStandardCacheTimeout "
    "SSLStrictSNIVHostCheck SSLUseStapling SSLVHostSNIPolicy StartServers "
    "StrictHostCheck Suexec SuexecUserGroup ThreadLimit ThreadsPerChild "
    "ThreadStackSize Timeout TraceEnable TransferLog TypesConfig UnDefine "
    "UseCanonicalName UseCanonicalPhysicalPort User UserDir VirtualDocumentRoot "
    "VirtualDocumentRootIP VirtualScriptAlias VirtualScriptAliasIP WatchdogInterval "
    "xml2EncAlias ";

static const char *find(const char *list, const char *name, size_t len)
{
    while (*list) {
        size_t n = strcspn(list, " ");

        if (r307_text_same_fold(list, n, name, len)) {
            return list;
        }
        list += n + 1;
    }
    return NULL;
}

const char *ctl_foreign_module(const char *name, size_t len)
{
    const struct module_t *row = in_htaccess;

    while (row->source && !find(row->names, name, len)) {
        row++;
    }
    return row->source;
}

ctl_foreign_t ctl_foreign_find(const char *name, size_t len)
{
    return ctl_foreign_module(name, len) ? CTL_FOREIGN_HTACCESS
        : find(in_conf, name, len) ? CTL_FOREIGN_CONF : CTL_FOREIGN_UNKNOWN;
}

static const char *near_of(apr_pool_t *p, const char *list, const char *name, int *best)
{
    const char *near = NULL;

    while (*list) {
        size_t n = strcspn(list, " ");
        char word[NAME_MOST + 1];
        int distance;

        if (n <= NAME_MOST) {
            memcpy(word, list, n);
            word[n] = '\0';
            distance = r307_text_distance(name, word);
            if (distance < *best) {
                *best = distance;
                near = apr_pstrdup(p, word);
            }
        }
        list += n + 1;
    }
    return near;
}

const char *ctl_foreign_near(apr_pool_t *p, const char *name)
{
    const struct module_t *row = in_htaccess;
    const char *near = NULL, *found;
    size_t len = strlen(name);
    /* short names are near to each other by chance */
    int best = len < 5 ? 1 : len < 9 ? 2 : 3;

    for (; row->source && len <= NAME_MOST; row++) {
        found = near_of(p, row->names, name, &best);
        near = found ? found : near;
    }
    return near;
}
