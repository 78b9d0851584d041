/* SPDX-License-Identifier: Apache-2.0 */
#include "foreign.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"

#define NAME_MOST 64

/* The directives of httpd 2.4's own modules, and of those that are found beside them,
 * as httpd -L lists them: those that .htaccess may have, each with one space behind it. */
static const char in_htaccess[] =
    "AcceptPathInfo Action AddAlt AddAltByEncoding AddAltByType AddCharset "
    "AddDefaultCharset AddDescription AddEncoding AddHandler AddIcon "
    "AddIconByEncoding AddIconByType AddInputFilter AddLanguage AddOutputFilter "
    "AddOutputFilterByType AddType AliasPreservePath Allow Anonymous "
    "Anonymous_LogEmail Anonymous_MustGiveEmail Anonymous_NoUserId "
    "Anonymous_VerifyEmail AuthBasicAuthoritative AuthBasicFake AuthBasicProvider "
    "AuthBasicUseDigestAlgorithm AuthDBMGroupFile AuthDBMType AuthDBMUserFile "
    "AuthDigestAlgorithm AuthDigestDomain AuthDigestNcCheck AuthDigestNonceLifetime "
    "AuthDigestProvider AuthDigestQop AuthFormAuthoritative AuthFormBody "
    "AuthFormDisableNoStore AuthFormFakeBasicAuth AuthFormLocation "
    "AuthFormLoginRequiredLocation AuthFormLoginSuccessLocation "
    "AuthFormLogoutLocation AuthFormMethod AuthFormMimetype AuthFormPassword "
    "AuthFormProvider AuthFormSitePassphrase AuthFormUsername AuthGroupFile "
    "AuthLDAPAuthorizePrefix AuthLDAPBindAuthoritative AuthLDAPBindDN "
    "AuthLDAPBindPassword AuthLDAPCompareAsUser AuthLDAPCompareDNOnServer "
    "AuthLDAPDereferenceAliases AuthLDAPGroupAttribute AuthLDAPGroupAttributeIsDN "
    "AuthLDAPInitialBindAsUser AuthLDAPInitialBindPattern AuthLDAPMaxSubGroupDepth "
    "AuthLDAPRemoteUserAttribute AuthLDAPRemoteUserIsDN AuthLDAPSearchAsUser "
    "AuthLDAPSubGroupAttribute AuthLDAPSubGroupClass AuthLDAPURL AuthMerging "
    "AuthName AuthnCacheProvideFor AuthnCacheTimeout AuthnzFcgiCheckAuthnProvider "
    "AuthType AuthUserFile AuthzDBMType AuthzSendForbiddenOnFailure BrowserMatch "
    "BrowserMatchNoCase CGIPassAuth CGIVar CharsetDefault CharsetOptions "
    "CharsetSourceEnc CheckBasenameMatch CheckCaseOnly CheckSpelling ContentDigest "
    "CookieDomain CookieExpires CookieHttpOnly CookieName CookieSameSite "
    "CookieSecure CookieStyle CookieTracking DefaultIcon DefaultLanguage "
    "DefaultType DeflateInflateLimitRequestBody DeflateInflateRatioBurst "
    "DeflateInflateRatioLimit Deny DirectoryCheckHandler DirectoryIndex "
    "DirectoryIndexRedirect DirectorySlash EnableMMAP EnableSendfile Error "
    "ErrorDocument ExpiresActive ExpiresByType ExpiresDefault FallbackResource "
    "FancyIndexing FileETag FilterChain FilterDeclare FilterProtocol FilterProvider "
    "ForceLanguagePriority ForceType H2CopyFiles H2EarlyHint H2ProxyRequests H2Push "
    "H2PushResource H2Upgrade Header HeaderName ImapBase ImapDefault ImapMenu "
    "IndexHeadInsert IndexIgnore IndexIgnoreReset IndexOptions IndexOrderDefault "
    "IndexStyleSheet LanguagePriority LDAPReferralHopLimit LDAPReferrals "
    "LDAPTrustedClientCert LimitRequestBody LimitXMLRequestBody LogIOTrackTTFB "
    "LuaCodeCache LuaHookAccessChecker LuaHookAuthChecker LuaHookCheckUserID "
    "LuaHookFixups LuaHookInsertFilter LuaHookLog LuaHookMapToStorage "
    "LuaHookPreTranslateName LuaHookTranslateName LuaHookTypeChecker LuaInherit "
    "LuaInputFilter LuaMapHandler LuaOutputFilter LuaPackageCPath LuaPackagePath "
    "LuaQuickHandler LuaRoot LuaScope MacroIgnoreBadNesting MacroIgnoreEmptyArgs "
    "MDRequireHttps MetaDir MetaFiles MetaSuffix MultiviewsMatch Options Order "
    "PassEnv PerlAccessHandler PerlAddVar PerlAuthenHandler PerlAuthzHandler "
    "PerlCleanupHandler PerlFixupHandler PerlHandler PerlHeaderParserHandler "
    "PerlInitHandler PerlInputFilterHandler PerlLogHandler PerlModule PerlOptions "
    "PerlOutputFilterHandler PerlRequire PerlResponseHandler PerlSendHeader "
    "PerlSetEnv PerlSetInputFilter PerlSetOutputFilter PerlSetupEnv PerlSetVar "
    "PerlTypeHandler php_flag php_value ProxyExpressDBMFile ProxyExpressDBMType "
    "ProxyExpressEnable ProxyFCGIBackendType ProxyFCGISetEnvIf ProxyHCExpr "
    "ProxyHCTemplate QualifyRedirectURL ReadmeName Redirect RedirectMatch "
    "RedirectPermanent RedirectRelative RedirectTemp ReflectorHeader RemoveCharset "
    "RemoveEncoding RemoveHandler RemoveInputFilter RemoveLanguage "
    "RemoveOutputFilter RemoveType RequestHeader Require RewriteBase RewriteCond "
    "RewriteEngine RewriteOptions RewriteRule RLimitCPU RLimitMEM RLimitNPROC "
    "Satisfy ServerSignature Session SessionCookieName SessionCookieName2 "
    "SessionCookieRemove SessionCryptoCipher SessionCryptoPassphrase "
    "SessionDBDCookieName SessionDBDCookieName2 SessionDBDCookieRemove "
    "SessionDBDDeleteLabel SessionDBDInsertLabel SessionDBDPerUser "
    "SessionDBDSelectLabel SessionDBDUpdateLabel SessionEnv SessionExclude "
    "SessionExpiryUpdateInterval SessionHeader SessionInclude SessionMaxAge SetEnv "
    "SetEnvIf SetEnvIfExpr SetEnvIfNoCase SetHandler SetInputFilter SetOutputFilter "
    "SSIErrorMsg SSIEtag SSILastModified SSILegacyExprParser SSITimeFormat "
    "SSIUndefinedEcho SSLCACertificateFile SSLCACertificatePath SSLCipherSuite "
    "SSLLog SSLLogLevel SSLOptions SSLRenegBufferSize SSLRequire SSLRequireSSL "
    "SSLUserName SSLVerifyClient SSLVerifyDepth Substitute SubstituteInheritBefore "
    "SubstituteMaxLineLength UndefMacro UnsetEnv Use XBitHack xml2EncDefault "
    "xml2StartParse ";

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

ctl_foreign_t ctl_foreign_find(const char *name, size_t len)
{
    return find(in_htaccess, name, len) ? CTL_FOREIGN_HTACCESS
        : find(in_conf, name, len) ? CTL_FOREIGN_CONF : CTL_FOREIGN_UNKNOWN;
}

const char *ctl_foreign_near(apr_pool_t *p, const char *name)
{
    const char *list = in_htaccess, *near = NULL;
    size_t len = strlen(name);
    /* short names are near to each other by chance */
    int best = len < 5 ? 0 : len < 9 ? 1 : 2;

    if (len > NAME_MOST) {
        return NULL;
    }
    best++;
    while (*list) {
        size_t n = strcspn(list, " ");
        char word[NAME_MOST + 1];
        int distance;

        if (n <= NAME_MOST) {
            memcpy(word, list, n);
            word[n] = '\0';
            distance = r307_text_distance(name, word);
            if (distance < best) {
                best = distance;
                near = apr_pstrdup(p, word);
            }
        }
        list += n + 1;
    }
    return near;
}
