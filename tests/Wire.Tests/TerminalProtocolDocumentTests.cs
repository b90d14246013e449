using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;
using Lakala.Wire.Tls;

namespace Lakala.Wire.Tests;

/// <summary>Keeps docs/terminal-protocol.md true: its examples byte for byte, its tables row for row.</summary>
public sealed partial class TerminalProtocolDocumentTests
{
    private const string Bill = "12345678901244";
    private const int Batch = 1, KeySet = 1, Amount = 12_800;

    private static readonly string Document = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "terminal-protocol.md"));

    private static readonly Dictionary<string, byte[]> Blocks =
        HexBlock().Matches(Document).ToDictionary(block => block.Groups[1].Value, block => Bytes(block.Groups[2].Value));

    private static readonly DateTimeOffset SignedOnAt = new(2030, 1, 31, 8, 30, 0, TimeSpan.Zero);
    private static readonly MasterKey Master = new(Blocks["master key"]);
    private static readonly MessageMac Session = new(Blocks["MAC key"]);
    private static readonly PaymentFacts Receipt =
        new("000000010042", "A1B2C3", "622202******7894", SignedOnAt.AddSeconds(14), "Demo Shop", "WEB-1");

    private static readonly Verdict Done = new(ResponseCodes.Approved, 0, null, null, ProcessingRequirement.None);
    private static readonly Verdict Paid =
        new(ResponseCodes.Approved, 0, "Approved. Hand over the receipt.", "Paid. Thank you.", ProcessingRequirement.None);

    private static readonly Verdict Ordered = new(
        ResponseCodes.Approved, 0, "The refund is on its way. Hand over the receipt.", "The refund is on its way to your card.", ProcessingRequirement.None);

    private static readonly Verdict Void =
        new(ResponseCodes.NoSuchOriginal, 410, "Never happened, not paid. Start again.", "Not paid.", ProcessingRequirement.None);

    private static readonly Verdict SignOnFirst =
        new(ResponseCodes.SignOnFirst, 110, "Sign on again.", "One moment, please.", ProcessingRequirement.SignOn);

    private static readonly Verdict Differ =
        new(ResponseCodes.TotalsDiffer, 160, "Totals differ. Show the report to the operator.", "One moment, please.", ProcessingRequirement.None);

    private static readonly TerminalHealth Health = new(
        Printer: "ready", Paper: "low", Reader: "ok", Tamper: false, OnMains: true, ClockOffset: -2, Version: "1.0.0", OpenItems: 0, JournalBytes: 4_096,
        Parameters: 3, LastSwipe: SignedOnAt.AddSeconds(12));

    private static readonly Dictionary<string, (Iso8583Message Message, MessageMac? Mac)> Messages = new()
    {
        ["sign-on request"] = (new SignOnRequest(From(1), SignedOnAt, Blocks["nonce"], "1.0", "en").ToIso(), Master.SignOnMac),
        ["sign-on answer"] = (
            new SignOnAnswer(
                From(1),
                Done,
                Blocks["nonce"],
                KeySet,
                Master.Wrap(Blocks["PIN key"]),
                Master.Wrap(Blocks["MAC key"]),
                SignedOnAt.AddSeconds(1),
                "Corner Store 1").ToIso(),
            Master.SignOnMac),
        ["sign-on refusal"] = (
            new SignOnRefusal(
                From(1),
                new(ResponseCodes.UnknownTerminal, 102, "Terminal is blocked. Call the operator.", "Sorry, this counter cannot take payments now.", ProcessingRequirement.None),
                Blocks["nonce"]).ToIso(),
            Master.SignOnMac),
        ["echo request"] = (new NetworkRequest(From(2), NetworkCode.Echo, KeySet).ToIso(), Session),
        ["echo answer"] = (new NetworkAnswer(From(2), NetworkCode.Echo, Done).ToIso(), Session),
        ["echo with health"] = (new NetworkRequest(From(9), NetworkCode.Echo, KeySet, Health).ToIso(), Session),
        ["parameters request"] = (new NetworkRequest(From(8), NetworkCode.Parameters, KeySet).ToIso(), Session),
        ["parameters answer"] = (new ParametersAnswer(From(8), Done, 3, "{\"copies\": 1, \"footer_zh\": \"谢谢\"}").ToIso(), Session),
        ["clerk sign-in request"] = (new ClerkSignInRequest(From(7), "1001", Blocks["enciphered clerk password"], KeySet).ToIso(), Session),
        ["clerk sign-in answer"] = (new ClerkSignInAnswer(From(7), Done, "Anna", false).ToIso(), Session),
        ["lookup request"] = (new LookupRequest(From(3), Batch, Bill, KeySet).ToIso(), Session),
        ["lookup answer"] = (
            new LookupAnswer(
                From(3), Done, Bill, Amount, CurrencyCode.Cny, "Demo Shop", "A teapot and two cups", "WEB-1", TimeSpan.FromDays(3)).ToIso(),
            Session),
        ["payment request"] = (Pay(isRepeat: false, isEnquiry: false).ToIso(), Session),
        ["payment answer"] = (new PayAnswer(From(4), Paid, Batch, Bill, Amount, CurrencyCode.Cny, Receipt).ToIso(), Session),
        ["repeat request"] = (Pay(isRepeat: true, isEnquiry: false).ToIso(), Session),
        ["enquiry request"] = (Pay(isRepeat: true, isEnquiry: true).ToIso(), Session),
        ["abandonment request"] = (new AbandonRequest(false, From(5), Batch, KeySet).ToIso(), Session),
        ["abandonment answer"] = (
            new AbandonAnswer(From(5), Void, Batch, ResponseCodes.NoSuchOriginal, PaymentFacts.None).ToIso(), Session),
        ["refund lookup request"] = (new RefundLookupRequest(From(11), Batch, null, "000000010042", KeySet).ToIso(), Session),
        ["refund lookup answer"] = (
            new RefundLookupAnswer(
                From(11),
                Done,
                new RefundablePayment(
                    Bill, "000000010042", Amount, Amount - 800, CurrencyCode.Cny, SignedOnAt.AddSeconds(14), Samples.Masked, "Demo Shop", "A teapot and two cups", "WEB-1")).ToIso(),
            Session),
        ["refund request"] = (Refund(isRepeat: false, isEnquiry: false).ToIso(), Session),
        ["refund answer"] = (
            new RefundAnswer(
                From(12), Ordered, Batch, Bill, 12_000, CurrencyCode.Cny,
                new PaymentFacts("000000010057", null, Samples.Masked, SignedOnAt.AddDays(2), "Demo Shop", "WEB-1"), "000000010042").ToIso(),
            Session),
        ["refund enquiry request"] = (Refund(isRepeat: true, isEnquiry: true).ToIso(), Session),
        ["batch close request"] = (new BatchCloseRequest(From(6), Batch, new BatchTotals(1, Amount), KeySet).ToIso(), Session),
        ["batch close answer"] = (
            new BatchCloseAnswer(From(6), Done, Batch, new BatchTotals(1, Amount), []).ToIso(), Session),
        ["batch list request"] = (new BatchCloseRequest(From(10), Batch, new BatchTotals(2, 2 * Amount), KeySet, ListAfter: 0).ToIso(), Session),
        ["batch list answer"] = (new BatchCloseAnswer(From(10), Differ, Batch, new BatchTotals(1, Amount), [new BatchEntry(4, Amount)]).ToIso(), Session),
        ["hint"] = (SignOnFirst.ToHint(Mti.LookupAnswer, new LookupRequest(From(3), Batch, Bill, KeySet).ToIso()), null),
    };

    public static TheoryData<string> Examples => [.. Messages.Keys];

    [Theory]
    [MemberData(nameof(Examples))]
    public void A_message_of_the_examples_is_written_so(string name)
    {
        var (message, mac) = Messages[name];

        Convert.ToHexString(PeerLine.Frame(Samples.Bytes(message, mac))).Should().Be(Convert.ToHexString(Blocks[name]));
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void A_message_of_the_examples_is_read_and_its_MAC_is_right(string name)
    {
        var (expected, mac) = Messages[name];
        var bytes = Blocks[name][Iso8583Frame.PrefixLength..];

        var message = Iso8583Codec.Decode(Iso8583Spec.Lakala, bytes);

        (mac?.Verify(message, bytes) ?? true).Should().BeTrue();
        (message.Has(64) || message.Has(128)).Should().Be(mac is not null);
        foreach (var field in Enumerable.Range(1, Iso8583Spec.MaxField).Where(field => field is not (64 or Iso8583Spec.MaxField)))
        {
            message.Text(field).Should().Be(expected.Text(field));
            message.Bytes(field).Should().BeEquivalentTo(expected.Bytes(field));
        }
    }

    [Fact]
    public void Every_block_of_the_document_is_checked_here()
    {
        string[] others =
        [
            "master key", "sign-on key", "PIN key", "MAC key", "wrapped PIN key", "wrapped MAC key", "PIN key check value", "MAC key check value",
            "clerk password key", "clerk password in clear", "enciphered clerk password", "nonce", "PIN field", "enciphered once", "card number field", "sum", "PIN block",
        ];

        Blocks.Keys.Should().BeEquivalentTo(Messages.Keys.Concat(others));
    }

    [Fact]
    public void The_keys_of_the_examples_follow_from_the_master_key()
    {
        var message = new Iso8583Message(Iso8583Spec.Lakala, Mti.NetworkRequest);
        Samples.Bytes(message, Master.SignOnMac).Should().Equal(Samples.Bytes(message, new MessageMac(Blocks["sign-on key"])));
        foreach (var key in new[] { "PIN key", "MAC key" })
        {
            var wrapped = new WrappedKey(Blocks["wrapped " + key], Blocks[key + " check value"]);
            Master.Unwrap(wrapped).Should().Equal(Blocks[key]);
        }
    }

    [Fact]
    public void The_PIN_block_of_the_examples_is_made_step_by_step()
    {
        using var aes = Aes.Create();
        aes.Key = Blocks["PIN key"];

        aes.EncryptEcb(Blocks["PIN field"], PaddingMode.None).Should().Equal(Blocks["enciphered once"]);
        Blocks["enciphered once"].Zip(Blocks["card number field"], (one, other) => (byte)(one ^ other)).Should().Equal(Blocks["sum"]);
        aes.EncryptEcb(Blocks["sum"], PaddingMode.None).Should().Equal(Blocks["PIN block"]);
        PinBlock.Encipher("1234", Samples.CardNumber, new PinCipher(Blocks["PIN key"]), Blocks["PIN field"].AsSpan(8)).Should().Equal(Blocks["PIN block"]);
    }

    [Fact]
    public void The_clerks_password_of_the_examples_is_enciphered_step_by_step()
    {
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Blocks["PIN key"], 32, [], "lakala clerk password"u8.ToArray());
        using var aes = Aes.Create();
        aes.Key = Blocks["clerk password key"];
        using var cipher = new ClerkPasswordCipher(Blocks["PIN key"]);

        Blocks["clerk password key"].Should().Equal(key);
        aes.EncryptKeyWrapPadded(Blocks["clerk password in clear"]).Should().Equal(Blocks["enciphered clerk password"]);
        Blocks["clerk password in clear"].AsSpan(16).ToArray().Should().Equal("83920174"u8.ToArray());
        cipher.Decipher(Blocks["enciphered clerk password"]).Should().Be("83920174");
        Document.Should().Contain("the password is `83920174`");
        ClerkSignInRequest.FromIso(Messages["clerk sign-in request"].Message).Password.Should().Equal(Blocks["enciphered clerk password"]);
    }

    [Fact]
    public void The_table_of_TLS_suites_names_those_that_a_line_may_have() =>
        SuiteName().Matches(Section("Line")).Select(name => name.Value).Should().BeEquivalentTo(TlsLine.Suites.Select(suite => suite.ToString()));

    [Fact]
    public void The_table_of_fields_is_the_codecs()
    {
        var rows = FieldRow().Matches(Section("Fields")).Select(row => row.Groups[1].Value + " " + row.Groups[2].Value).ToList();
        var specs = rows.Select(row => Iso8583Spec.Lakala.Find(int.Parse(row.Split(' ')[0], CultureInfo.InvariantCulture))!);

        rows.Should().Equal(specs.Select(spec => $"{spec.Number} {Format(spec)}"));
        rows.Should().HaveCount(29);
    }

    [Fact]
    public void The_table_of_elements_names_every_tag_once() =>
        TagRow().Matches(Section("Private data (field 48)")).Select(row => row.Groups[1].Value).Should()
            .BeEquivalentTo(Constants(typeof(Tags)));

    [Fact]
    public void The_table_of_codes_names_every_code_and_says_truly_which_are_final()
    {
        var rows = CodeRow().Matches(Section("Response codes and reasons"))
            .SelectMany(row => row.Groups[1].Value.Split(", ").Select(code => (Code: code, IsFinal: row.Groups[2].Value == "yes"))).ToList();

        rows.Select(row => row.Code).Distinct().Should().BeEquivalentTo(Constants(typeof(ResponseCodes)));
        rows.Should().OnlyContain(row => ResponseCodes.IsFinal(row.Code) == row.IsFinal);
    }

    private static Origin From(int stan) => new("T9999999", "STORE0000000001", stan);

    private static PayRequest Pay(bool isRepeat, bool isEnquiry) => new(
        isRepeat,
        From(4),
        Batch,
        Bill,
        Amount,
        CurrencyCode.Cny,
        SignedOnAt.AddSeconds(12).ToOffset(TimeSpan.FromHours(8)),
        "021",
        isEnquiry ? null : Samples.Track,
        isEnquiry ? null : Blocks["PIN block"],
        KeySet,
        "7");

    private static RefundRequest Refund(bool isRepeat, bool isEnquiry) => new(
        isRepeat,
        From(12),
        Batch,
        Bill,
        12_000,
        CurrencyCode.Cny,
        SignedOnAt.AddDays(2).ToOffset(TimeSpan.FromHours(8)),
        "021",
        Samples.Masked,
        "1001",
        "1002",
        isEnquiry ? null : Blocks["enciphered clerk password"],
        KeySet);

    private static string Format(FieldSpec spec) => (spec.Format switch
    {
        FieldFormat.Numeric => "n",
        FieldFormat.Text => "ans",
        FieldFormat.Track2 => "z",
        _ => "b",
    }) + (spec.LengthDigits switch
    {
        0 => " ",
        2 => " LLVAR ",
        _ => " LLLVAR ",
    }) + spec.MaxLength;

    private static IEnumerable<string> Constants(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static).Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!);

    private static string Section(string title)
    {
        var from = Document.IndexOf($"# {title}\n", StringComparison.Ordinal);
        var to = Document.IndexOf("\n#", from, StringComparison.Ordinal);
        return Document[from..to];
    }

    // Each line: bytes, then two spaces or more and what they are.
    private static byte[] Bytes(string block) =>
        Convert.FromHexString(string.Concat(block.Split('\n').Select(line => line.Split("  ")[0])).Replace(" ", "", StringComparison.Ordinal));

    [GeneratedRegex("TLS_[A-Z0-9_]+")]
    private static partial Regex SuiteName();

    [GeneratedRegex("^```hex (.+)\n((?:.|\n)+?)\n```$", RegexOptions.Multiline)]
    private static partial Regex HexBlock();

    [GeneratedRegex(@"^\| (\d+) \| [^|]+ \| ([^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex FieldRow();

    [GeneratedRegex(@"^\| ([A-Z]{2}) \|", RegexOptions.Multiline)]
    private static partial Regex TagRow();

    [GeneratedRegex(@"^\| ([0-9A]\d(?:, \d\d)*) \| \d* ?\| (yes|no) \|", RegexOptions.Multiline)]
    private static partial Regex CodeRow();
}
