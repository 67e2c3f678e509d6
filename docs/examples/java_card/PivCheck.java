// SPDX-License-Identifier: Apache-2.0

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;
import javax.smartcardio.Card;
import javax.smartcardio.CardChannel;
import javax.smartcardio.CardException;
import javax.smartcardio.CardTerminal;
import javax.smartcardio.CommandAPDU;
import javax.smartcardio.ResponseAPDU;
import javax.smartcardio.TerminalFactory;

/**
 * Reads a PIV card by PC/SC, signs with its authentication key (9A) and checks the signature by the
 * certificate beside it. Told by the environment alone: PCSCLITE_CSOCK_NAME is the daemon's socket,
 * PIV_READER a part of the reader's name, PIV_PASSCODE the passcode. Commands and tags are those of
 * SP 800-73-4, Part 1, appendix A, and Part 2, 3.1 and 3.2.
 */
public final class PivCheck {
    private static final int TAG_CERTIFICATE = 0x70;
    private static final int TAG_CERTIFICATE_INFO = 0x71;
    private static final int TAG_GUID = 0x34;
    private static final int TAG_OBJECT = 0x53;
    private static final int TAG_RESPONSE = 0x82;
    private static final int TAG_TEMPLATE = 0x7C;
    private static final int AUTHENTICATION_KEY = 0x9A;
    private static final int PART_MAX = 255;
    private static final HexFormat HEX = HexFormat.of();
    // The beginning of a DigestInfo for SHA-256 (RFC 8017, 9.2, note 1).
    private static final byte[] SHA256_INFO =
            HEX.parseHex("3031300d060960864801650304020105000420");

    private final CardChannel channel;

    private PivCheck(CardChannel channel) {
        this.channel = channel;
    }

    public static void main(String[] arguments) {
        try {
            run();
        } catch (Failure failure) {
            System.err.println("PivCheck: " + failure.getMessage());
            System.exit(1);
        } catch (CardException error) {
            System.err.println("PivCheck: the card or its reader failed: " + reasonOf(error));
            System.exit(1);
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }

    private static void run() throws Exception {
        String passcode = required("PIV_PASSCODE");
        CardTerminal terminal = terminal(required("PIV_READER"));
        Card card = terminal.connect("*");
        try {
            card.beginExclusive();
            PivCheck check = new PivCheck(card.getBasicChannel());
            check.select();
            System.out.println("reader: " + terminal.getName());
            System.out.println("guid: " + HEX.formatHex(check.guid()));
            X509Certificate certificate = check.certificate();
            System.out.println("holder: " + certificate.getSubjectX500Principal().getName());
            check.verify(passcode);
            check.sign(certificate);
            System.out.println(
                    "signed: 9A, " + certificate.getPublicKey().getAlgorithm()
                            + ", as its certificate says");
        } finally {
            // Whoever has the card next finds no passcode verified.
            card.disconnect(true);
        }
    }

    private static String required(String name) throws Failure {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) {
            throw new Failure("the environment has no " + name + "; set it");
        }
        return value;
    }

    private static CardTerminal terminal(String part) throws CardException, Failure {
        StringBuilder seen = new StringBuilder();
        for (CardTerminal terminal : TerminalFactory.getDefault().terminals().list()) {
            if (terminal.getName().contains(part)) {
                return terminal;
            }
            seen.append(" '").append(terminal.getName()).append("'");
        }
        throw new Failure("no reader's name has '" + part + "' in it; there are:" + seen);
    }

    private void select() throws CardException, Failure {
        send("SELECT", 0xA4, 0x04, 0x00, HEX.parseHex("a000000308"));
    }

    private byte[] guid() throws CardException, Failure {
        return Tlv.find(object("5fc102"), TAG_GUID);
    }

    private X509Certificate certificate() throws Exception {
        byte[] object = object("5fc105");
        byte[] encoded = Tlv.find(object, TAG_CERTIFICATE);
        boolean compressed = (Tlv.find(object, TAG_CERTIFICATE_INFO)[0] & 1) != 0;
        ByteArrayInputStream stream = new ByteArrayInputStream(encoded);
        return (X509Certificate)
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(compressed ? new GZIPInputStream(stream) : stream);
    }

    private byte[] object(String tag) throws CardException, Failure {
        byte[] wanted = HEX.parseHex("5c03" + tag);
        return Tlv.find(send("GET DATA", 0xCB, 0x3F, 0xFF, wanted), TAG_OBJECT);
    }

    private void verify(String passcode) throws CardException, Failure {
        byte[] padded = new byte[8];
        Arrays.fill(padded, (byte) 0xFF);
        byte[] digits = passcode.getBytes(StandardCharsets.US_ASCII);
        if (digits.length > padded.length) {
            throw new Failure("a passcode has at most 8 digits; PIV_PASSCODE is longer");
        }
        System.arraycopy(digits, 0, padded, 0, digits.length);
        send("VERIFY", 0x20, 0x00, 0x80, padded);
    }

    private void sign(X509Certificate certificate) throws Exception {
        byte[] message = new byte[32];
        new SecureRandom().nextBytes(message);
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(message);
        int mechanism;
        String algorithm;
        byte[] block;
        if (certificate.getPublicKey() instanceof ECPublicKey key) {
            int bits = key.getParams().getCurve().getField().getFieldSize();
            mechanism = bits == 256 ? 0x11 : 0x14;
            algorithm = "SHA256withECDSA";
            block = digest;
            if (bits == 384) {
                // The card takes as many bytes as the curve has; a shorter number is the same one.
                block = new byte[48];
                System.arraycopy(digest, 0, block, 16, digest.length);
            }
        } else {
            int bytes = (((RSAPublicKey) certificate.getPublicKey()).getModulus().bitLength() + 7) / 8;
            mechanism = bytes == 256 ? 0x07 : bytes == 384 ? 0x05 : 0x16;
            algorithm = "SHA256withRSA";
            block = padded(digest, bytes);
        }
        byte[] request = Tlv.of(TAG_TEMPLATE, Tlv.of(TAG_RESPONSE, new byte[0]), Tlv.of(0x81, block));
        byte[] answer =
                send("GENERAL AUTHENTICATE", 0x87, mechanism, AUTHENTICATION_KEY, request);
        Signature check = Signature.getInstance(algorithm);
        check.initVerify(certificate.getPublicKey());
        check.update(message);
        if (!check.verify(Tlv.find(Tlv.find(answer, TAG_TEMPLATE), TAG_RESPONSE))) {
            throw new Failure("the key in 9A is not the one of its certificate");
        }
    }

    /** Pads as RFC 8017 does for EMSA-PKCS1-v1_5, which is the host's part of it with PIV. */
    private static byte[] padded(byte[] digest, int bytes) {
        byte[] block = new byte[bytes];
        Arrays.fill(block, (byte) 0xFF);
        block[0] = 0x00;
        block[1] = 0x01;
        int at = bytes - digest.length - SHA256_INFO.length;
        block[at - 1] = 0x00;
        System.arraycopy(SHA256_INFO, 0, block, at, SHA256_INFO.length);
        System.arraycopy(digest, 0, block, bytes - digest.length, digest.length);
        return block;
    }

    /** Sends a command, in parts where it is long; Java itself fetches the rest of an answer. */
    private byte[] send(String name, int instruction, int p1, int p2, byte[] data)
            throws CardException, Failure {
        ResponseAPDU answer = null;
        for (int at = 0; at < data.length; at += PART_MAX) {
            int end = Math.min(at + PART_MAX, data.length);
            byte[] part = Arrays.copyOfRange(data, at, end);
            boolean last = end == data.length;
            CommandAPDU command =
                    last && instruction != 0x20
                            ? new CommandAPDU(0x00, instruction, p1, p2, part, 256)
                            : new CommandAPDU(last ? 0x00 : 0x10, instruction, p1, p2, part);
            answer = channel.transmit(command);
            if (answer.getSW() != 0x9000) {
                throw new Failure(name + " was refused with " + said(answer.getSW()));
            }
        }
        return answer.getData();
    }

    private static String said(int status) {
        if ((status & 0xFFF0) == 0x63C0) {
            return String.format("%04X: wrong, %d tries left", status, status & 0xF);
        }
        return String.format("%04X", status);
    }

    private static String reasonOf(Throwable error) {
        return error.getCause() == null ? error.getMessage() : error.getCause().getMessage();
    }

    /** BER-TLV of tags of one byte and lengths of up to three. */
    private static final class Tlv {
        static byte[] find(byte[] from, int tag) throws Failure {
            int at = 0;
            while (at + 2 <= from.length) {
                int found = from[at++] & 0xFF;
                int length = from[at++] & 0xFF;
                if (length > 0x80) {
                    int bytes = length & 0x7F;
                    length = 0;
                    for (int each = 0; each < bytes && at < from.length; each++) {
                        length = length << 8 | from[at++] & 0xFF;
                    }
                }
                if (length < 0 || length > from.length - at) {
                    break;
                }
                if (found == tag) {
                    return Arrays.copyOfRange(from, at, at + length);
                }
                at += length;
            }
            throw new Failure(String.format("an answer of the card has no %02X", tag));
        }

        static byte[] of(int tag, byte[]... parts) {
            ByteArrayOutputStream value = new ByteArrayOutputStream();
            for (byte[] part : parts) {
                value.writeBytes(part);
            }
            ByteArrayOutputStream whole = new ByteArrayOutputStream();
            whole.write(tag);
            if (value.size() > 0xFF) {
                whole.write(0x82);
                whole.write(value.size() >> 8);
            } else if (value.size() > 0x7F) {
                whole.write(0x81);
            }
            whole.write(value.size());
            whole.writeBytes(value.toByteArray());
            return whole.toByteArray();
        }
    }

    /** What is told in one line. */
    private static final class Failure extends Exception {
        private static final long serialVersionUID = 1L;

        Failure(String text) {
            super(text);
        }
    }
}
