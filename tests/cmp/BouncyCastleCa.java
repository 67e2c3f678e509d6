// SPDX-License-Identifier: Apache-2.0

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.bouncycastle.asn1.ASN1GeneralizedTime;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.cmp.CMPCertificate;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.CertConfirmContent;
import org.bouncycastle.asn1.cmp.CertOrEncCert;
import org.bouncycastle.asn1.cmp.CertRepMessage;
import org.bouncycastle.asn1.cmp.CertResponse;
import org.bouncycastle.asn1.cmp.CertifiedKeyPair;
import org.bouncycastle.asn1.cmp.ErrorMsgContent;
import org.bouncycastle.asn1.cmp.GenRepContent;
import org.bouncycastle.asn1.cmp.InfoTypeAndValue;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIConfirmContent;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.PKIFreeText;
import org.bouncycastle.asn1.cmp.PKIHeader;
import org.bouncycastle.asn1.cmp.PKIHeaderBuilder;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.cmp.PKIStatus;
import org.bouncycastle.asn1.cmp.PKIStatusInfo;
import org.bouncycastle.asn1.cmp.PollRepContent;
import org.bouncycastle.asn1.crmf.CertReqMessages;
import org.bouncycastle.asn1.crmf.CertTemplate;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.cmp.CertificateConfirmationContent;
import org.bouncycastle.cert.cmp.CertificateStatus;
import org.bouncycastle.cert.cmp.GeneralPKIMessage;
import org.bouncycastle.cert.cmp.ProtectedPKIMessage;
import org.bouncycastle.cert.cmp.ProtectedPKIMessageBuilder;
import org.bouncycastle.cert.crmf.CertificateRequestMessage;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.ContentVerifierProvider;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/**
 * A CA on Bouncy Castle's classes, so that the client meets messages of another's encoding.
 *
 * <p>Arguments: the folder with issuer.der and issuer.key (PKCS #8), the key's algorithm, the
 * signature's algorithm, and words for what is done otherwise. It prints its port first and then
 * what it was told, and ends with its standard input.
 */
public final class BouncyCastleCa {
    private static final ASN1Integer FIRST = new ASN1Integer(0);
    private static final ASN1Integer WHOLE = new ASN1Integer(-1);

    private final BouncyCastleProvider provider = new BouncyCastleProvider();
    private final SecureRandom random = new SecureRandom();
    private final X509CertificateHolder issuer;
    private final PrivateKey key;
    private final String algorithm;
    private final Set<String> words;
    private final Map<String, PKIBody> held = new HashMap<>();
    private final Map<String, X509CertificateHolder> issued = new HashMap<>();
    private final Set<String> known = new HashSet<>();

    private BouncyCastleCa(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        issuer = new X509CertificateHolder(Files.readAllBytes(folder.resolve("issuer.der")));
        byte[] raw = Files.readAllBytes(folder.resolve("issuer.key"));
        key = KeyFactory.getInstance(arguments[1], provider)
                .generatePrivate(new PKCS8EncodedKeySpec(raw));
        algorithm = arguments[2];
        words = Set.of(Arrays.copyOfRange(arguments, 3, arguments.length));
    }

    public static void main(String[] arguments) throws Exception {
        BouncyCastleCa ca = new BouncyCastleCa(arguments);
        InetSocketAddress place = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        HttpServer server = HttpServer.create(place, 0);
        server.createContext("/", ca::serve);
        server.start();
        System.out.println(server.getAddress().getPort());
        while (System.in.read() >= 0) {
            // Nothing is said to it.
        }
        server.stop(0);
    }

    private void serve(HttpExchange exchange) throws IOException {
        byte[] answer;
        try {
            PKIMessage request = PKIMessage.getInstance(exchange.getRequestBody().readAllBytes());
            answer = reply(request).getEncoded();
        } catch (Exception error) {
            error.printStackTrace();
            exchange.sendResponseHeaders(500, -1);
            return;
        }
        exchange.getResponseHeaders().set("Content-Type", "application/pkixcmp");
        // A length of 0 has it sent in chunks.
        exchange.sendResponseHeaders(200, words.contains("chunked") ? 0 : answer.length);
        exchange.getResponseBody().write(answer);
        exchange.close();
    }

    private PKIMessage reply(PKIMessage request) throws Exception {
        PKIHeader header = request.getHeader();
        String transaction = header.getTransactionID().toString();
        PKIBody asked = request.getBody();
        if (asked.getType() != PKIBody.TYPE_GEN_MSG) {
            ProtectedPKIMessage signed = new ProtectedPKIMessage(new GeneralPKIMessage(request));
            if (!signed.verify(verifier(signed.getCertificates()[0]))) {
                throw new IllegalArgumentException("the protection is wrong");
            }
        }
        PKIBody body = answer(transaction, asked);
        if (words.contains("unprotected") && asked.getType() == PKIBody.TYPE_CERT_REQ) {
            PKIHeaderBuilder plain = new PKIHeaderBuilder(
                    PKIHeader.CMP_2000, header.getRecipient(), header.getSender());
            plain.setTransactionID(header.getTransactionID());
            plain.setRecipNonce(header.getSenderNonce());
            plain.setSenderNonce(new DEROctetString(nonce()));
            return new PKIMessage(plain.build(), body);
        }
        ProtectedPKIMessageBuilder builder = new ProtectedPKIMessageBuilder(
                        new GeneralName(issuer.getSubject()), header.getSender())
                .setMessageTime(new Date())
                .setTransactionID(header.getTransactionID().getOctets())
                .setSenderNonce(nonce())
                .setRecipNonce(header.getSenderNonce().getOctets())
                .setBody(body);
        if (body.getType() == PKIBody.TYPE_CERT_REP) {
            Date until = Date.from(Instant.now().plus(5, ChronoUnit.MINUTES));
            builder.setFreeText(new PKIFreeText("Bouncy Castle"));
            builder.addGeneralInfo(new InfoTypeAndValue(
                    CMPObjectIdentifiers.it_confirmWaitTime, new ASN1GeneralizedTime(until)));
        }
        if (known.add(transaction) || !words.contains("sparing")) {
            builder.addCMPCertificate(issuer);
        }
        return builder.build(new JcaContentSignerBuilder(algorithm).setProvider(provider).build(key))
                .toASN1Structure();
    }

    private PKIBody answer(String transaction, PKIBody asked) throws Exception {
        switch (asked.getType()) {
            case PKIBody.TYPE_GEN_MSG:
                return new PKIBody(
                        PKIBody.TYPE_GEN_REP, new GenRepContent(new InfoTypeAndValue[0]));
            case PKIBody.TYPE_CERT_REQ:
                PKIBody response = certify(transaction, (CertReqMessages) asked.getContent());
                if (words.contains("waiting")) {
                    held.put(transaction, response);
                    return response(new PKIStatusInfo(PKIStatus.waiting), null);
                }
                if (words.contains("delayed")) {
                    held.put(transaction, response);
                    PKIStatusInfo later = new PKIStatusInfo(PKIStatus.waiting);
                    return new PKIBody(PKIBody.TYPE_ERROR, new ErrorMsgContent(later));
                }
                return response;
            case PKIBody.TYPE_POLL_REQ:
                if (words.contains("waiting") || words.contains("delayed")) {
                    if (known.add("polled " + transaction)) {
                        ASN1Integer id = words.contains("waiting") ? FIRST : WHOLE;
                        PKIFreeText why = new PKIFreeText("somebody looks at it");
                        PollRepContent poll = new PollRepContent(id, new ASN1Integer(7), why);
                        return new PKIBody(PKIBody.TYPE_POLL_REP, poll);
                    }
                }
                return held.remove(transaction);
            case PKIBody.TYPE_CERT_CONFIRM:
                CertConfirmContent content = (CertConfirmContent) asked.getContent();
                CertificateStatus[] told =
                        new CertificateConfirmationContent(content).getStatusMessages();
                boolean right = told[0].isVerified(
                        issued.get(transaction),
                        new JcaDigestCalculatorProviderBuilder().setProvider(provider).build());
                PKIStatusInfo status = told[0].getStatusInfo();
                boolean taken = status == null || status.getStatus().signum() == 0;
                System.out.println(
                        (right ? "" : "wrongly ") + (taken ? "confirmed" : "rejected"));
                return new PKIBody(PKIBody.TYPE_CONFIRM, new PKIConfirmContent());
            case PKIBody.TYPE_ERROR:
                System.out.println("error");
                return new PKIBody(PKIBody.TYPE_CONFIRM, new PKIConfirmContent());
            default:
                throw new IllegalArgumentException("a body of type " + asked.getType());
        }
    }

    private PKIBody certify(String transaction, CertReqMessages messages) throws Exception {
        CertificateRequestMessage request =
                new CertificateRequestMessage(messages.toCertReqMsgArray()[0]);
        CertTemplate template = request.getCertTemplate();
        JcaContentVerifierProviderBuilder keys = new JcaContentVerifierProviderBuilder();
        if (!request.isValidSigningKeyPOP(
                keys.setProvider(provider).build(template.getPublicKey()))) {
            throw new IllegalArgumentException("the proof of possession is wrong");
        }
        if (words.contains("refusing")) {
            return response(
                    new PKIStatusInfo(
                            PKIStatus.rejection,
                            new PKIFreeText("not in this profile"),
                            new PKIFailureInfo(PKIFailureInfo.badCertTemplate)),
                    null);
        }
        Instant now = Instant.now();
        JcaX509ExtensionUtils utilities = new JcaX509ExtensionUtils();
        X509CertificateHolder certificate = new X509v3CertificateBuilder(
                        issuer.getSubject(),
                        new BigInteger(120, random),
                        Date.from(now.minus(10, ChronoUnit.MINUTES)),
                        Date.from(now.plus(700, ChronoUnit.DAYS)),
                        template.getSubject(),
                        template.getPublicKey())
                .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
                .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
                .addExtension(
                        Extension.authorityKeyIdentifier,
                        false,
                        utilities.createAuthorityKeyIdentifier(issuer))
                .build(new JcaContentSignerBuilder(algorithm).setProvider(provider).build(key));
        issued.put(transaction, certificate);
        PKIStatus granted =
                words.contains("modifying") ? PKIStatus.grantedWithMods : PKIStatus.granted;
        return response(new PKIStatusInfo(granted), certificate);
    }

    private PKIBody response(PKIStatusInfo status, X509CertificateHolder certificate) {
        CertifiedKeyPair pair = null;
        CMPCertificate[] authorities = null;
        if (certificate != null) {
            CMPCertificate sent = new CMPCertificate(certificate.toASN1Structure());
            pair = new CertifiedKeyPair(new CertOrEncCert(sent));
            if (words.contains("modifying")) {
                authorities =
                        new CMPCertificate[] {new CMPCertificate(issuer.toASN1Structure())};
            }
        }
        CertResponse[] responses = {new CertResponse(FIRST, status, pair, null)};
        return new PKIBody(PKIBody.TYPE_CERT_REP, new CertRepMessage(authorities, responses));
    }

    private ContentVerifierProvider verifier(X509CertificateHolder certificate) throws Exception {
        return new JcaContentVerifierProviderBuilder().setProvider(provider).build(certificate);
    }

    private byte[] nonce() {
        byte[] nonce = new byte[16];
        random.nextBytes(nonce);
        return nonce;
    }
}
