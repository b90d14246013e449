using System.Diagnostics.Metrics;
using System.Globalization;
using System.Security.Cryptography;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Silo.Hosting;
using Lakala.Silo.Security;
using Lakala.Storage;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;
using Lakala.Wire.Bank;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;
using Lakala.Wire.Tls;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Bank;

public sealed class BankLinkOptions
{
    public string Host { get; set; } = "127.0.0.1";

    public int Port { get; set; }

    /// <summary>An owner-only file with the zone master key in hex, agreed with the bank.</summary>
    public string ZoneMasterKeyFile { get; set; } = "";

    /// <summary>PEM file with the CAs of the bank's certificate. Empty: the line runs without TLS, to this machine or over a leased line.</summary>
    public string Ca { get; set; } = "";

    /// <summary>True: the line to the bank is private, so it needs no TLS.</summary>
    public bool LeasedLine { get; set; }

    /// <summary>Field 32: our institution in the card network, at most 11 digits.</summary>
    public string Institution { get; set; } = "00001000";

    /// <summary>The time for the bank to answer a reversal or a refund; after it the message is sent again.</summary>
    public TimeSpan ReversalTimeout { get; set; } = TimeSpan.FromSeconds(10);

    public sealed class Validator : IValidateOptions<BankLinkOptions>
    {
        public ValidateOptionsResult Validate(string? name, BankLinkOptions options) =>
            options.Port is <= 0 or > 65535 || options.Host.Length == 0
                ? ValidateOptionsResult.Fail("BankLink:Host and BankLink:Port must name the bank's address; the port is 1 to 65535.")
            : options is { Ca.Length: 0, LeasedLine: false } && !ThisMachine.Is(options.Host)
                ? ValidateOptionsResult.Fail(
                    $"BankLink:Ca is empty: cards would travel to {options.Host} in the clear. Name the CA of the bank's certificate, "
                    + "or say BankLink:LeasedLine=true where nobody else is on the way.")
            : options.Ca.Length > 0 && !File.Exists(options.Ca)
                ? ValidateOptionsResult.Fail($"BankLink:Ca must name a PEM file; there is no file '{options.Ca}'.")
            : ValidateOptionsResult.Success;
    }
}

/// <summary>The line of this silo to the bank host: one connection with its own zone keys.</summary>
public sealed class BankLink : IBankLine, IRefundLine, IAsyncDisposable
{
    private static readonly Meter Meter = new(Instrumentation.Name);
    private static readonly Histogram<double> AnswerTime = Meter.CreateHistogram<double>("lakala.bank.duration", "s");
    private static readonly TimeSpan SignOnTimeout = TimeSpan.FromSeconds(5);

    private readonly BankLinkOptions _options;
    private readonly IPinTranslator _pins;
    private readonly LateAnswers _late;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly MasterKey _zoneMaster;
    private readonly Iso8583Link _link;
    private ZoneKeys? _zone;
    private int _stan;
    private bool _isDisposed;

    public BankLink(IOptions<BankLinkOptions> options, IPinTranslator pins, LateAnswers late, TimeProvider time, ILogger<BankLink> log)
    {
        _options = options.Value;
        _pins = pins;
        _late = late;
        _time = time;
        _log = log;
        _zoneMaster = ClearKey.Spend(KeyFile.Read(_options.ZoneMasterKeyFile, "BankLink:ZoneMasterKeyFile"), static key => new MasterKey(key));
        var cas = _options.Ca.Length > 0 ? TrustedCas.Read(_options.Ca) : null;
        _link = new Iso8583Link(
            new LinkProtocol
            {
                Connect = stop => cas is null
                    ? TlsLine.ConnectPlain(_options.Host, _options.Port, stop)
                    : TlsLine.Connect(_options.Host, _options.Port, cas, null, stop),
                SignOn = SignOn,
                KeyOf = KeyOf,
                Mac = () => _zone?.Mac,
                Echo = Echo,
                Unmatched = TakeLate,
                Trouble = why => _log.LogWarning("Bank line: {Why}", why),
            },
            time);
        Meter.CreateObservableGauge("lakala.bank.line_up", () => IsUp ? 1 : 0);
        Meter.CreateObservableGauge("lakala.bank.outstanding", () => _link.Outstanding);
        Meter.CreateObservableCounter("lakala.bank.late_answers", () => late.Taken);
    }

    public bool IsUp => _link.State == LinkState.Up;

    public async Task<BankOutcome> Authorise(Authorisation request, TimeSpan timeout)
    {
        using var span = Instrumentation.Source.StartActivity("bank.authorise", System.Diagnostics.ActivityKind.Client);
        var rrn = Rrn.ToText(request.Rrn);
        span?.SetTag("lakala.rrn", rrn);
        if (_zone is not { } zone)
        {
            return new BankOutcome.NotSent(Refusal.BankNotReachable);
        }

        if (_pins.Translate(request.Card, zone.Pin) is not { } pinBlock)
        {
            return new BankOutcome.NotSent(Refusal.PinBlockUnreadable);
        }

        var begun = _time.GetTimestamp();
        var message = new BankAuthoriseRequest(
            Rrn: rrn,
            Stan: request.Key.Stan,
            Time: request.StartedAt,
            Amount: request.Amount.Minor,
            Currency: CurrencyCode.Cny,
            EntryMode: request.EntryMode,
            Institution: _options.Institution,
            Terminal: request.Key.Terminal,
            Store: request.Store,
            Track2: request.Card.Track2,
            PinBlock: pinBlock).ToIso();
        var outcome = await _link.Request(rrn, message, zone.Mac, timeout);
        AnswerTime.Record(_time.GetElapsedTime(begun).TotalSeconds);
        return outcome switch
        {
            LinkOutcome.Answered answered => new BankOutcome.Answered(ToAnswer(answered.Message)),
            LinkOutcome.NotSent => new BankOutcome.NotSent(Refusal.BankNotReachable),
            _ => new BankOutcome.NoAnswer(),
        };
    }

    public async Task<bool> Reverse(ReversalRow reversal)
    {
        if (_zone is not { } zone)
        {
            return false;
        }

        var rrn = Rrn.ToText(reversal.Rrn);
        var message = new BankReversalRequest(
            IsRepeat: reversal.Tries > 0,
            Rrn: rrn,
            Stan: reversal.Stan,
            OriginalTime: reversal.StartedAt,
            Amount: reversal.Amount,
            Currency: CurrencyCode.Cny,
            Institution: _options.Institution,
            Terminal: reversal.Terminal,
            Store: reversal.Store).ToIso();
        var outcome = await _link.Request(ReversalKey(rrn), message, zone.Mac, _options.ReversalTimeout);
        return outcome is LinkOutcome.Answered answered && BankReversalAnswer.FromIso(answered.Message).ResponseCode == ResponseCodes.Approved;
    }

    public async Task<string?> Refund(RefundToSend refund)
    {
        if (_zone is not { } zone)
        {
            return null;
        }

        var rrn = Rrn.ToText(refund.Rrn);
        var request = new BankRefundRequest(
            IsRepeat: refund.Tries > 0,
            Rrn: rrn,
            Stan: StanOfRefund(refund.Rrn),
            Time: refund.SentAt,
            Amount: refund.Amount.Minor,
            Currency: CurrencyCode.Cny,
            Institution: _options.Institution,
            Terminal: refund.Terminal,
            Store: refund.Store,
            OriginalRrn: Rrn.ToText(refund.OriginalRrn),
            OriginalStan: refund.OriginalStan,
            OriginalTime: refund.OriginalTime);
        if (await _link.Request(RefundKey(rrn), request.ToIso(), zone.Mac, _options.ReversalTimeout) is not LinkOutcome.Answered answered)
        {
            return null;
        }

        var code = FindCode(answered.Message, request);
        if (code is null)
        {
            _log.LogWarning("The answer of the bank to the refund with RRN {Rrn} is about something else, so it is none: {Answer}", rrn, answered.Message);
        }

        return code;
    }

    public async ValueTask DisposeAsync()
    {
        // The container disposes it once for each of its ports.
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await _link.DisposeAsync();
        _zoneMaster.Dispose();
    }

    private static string ReversalKey(string rrn) => "R" + rrn;

    private static string RefundKey(string rrn) => "C" + rrn;

    // A refund has no key of a terminal: its STAN, the same in every repeat, comes from its RRN. It is never 000000.
    private static int StanOfRefund(long rrn) => (int)(rrn % 999_999) + 1;

    private static string EchoKey(int stan) => "E" + stan.ToString(CultureInfo.InvariantCulture);

    private static string? KeyOf(Iso8583Message message) => message.Mti switch
    {
        Mti.PayAnswer => message.Text(37),
        Mti.ReversalAnswer when message.Text(37) is { } rrn => ReversalKey(rrn),
        Mti.RefundAnswer when message.Text(37) is { } rrn => RefundKey(rrn),
        Mti.NetworkAnswer when message.Has(11) => EchoKey((int)message.RequireNumber(11)),
        _ => null,
    };

    private static BankAnswer ToAnswer(Iso8583Message message)
    {
        Money? amount = message.Has(4) && message.Text(49) == CurrencyText ? new Money(message.RequireNumber(4), Money.Cny) : null;
        return new BankAnswer(
            ResponseCode: message.Text(39) ?? "",
            AuthorisationCode: message.Text(38)?.TrimEnd(),
            Amount: amount,
            Rrn: message.Text(37),
            Terminal: message.Text(41));
    }

    private static string? FindCode(Iso8583Message answer, BankRefundRequest request) =>
        answer.Has(4) && answer.RequireNumber(4) == request.Amount && answer.Text(49) == CurrencyText && answer.Text(41) == request.Terminal
            ? answer.Text(39)
            : null;

    private static readonly string CurrencyText = CurrencyCode.Cny.ToString("D3", CultureInfo.InvariantCulture);

    private int NextStan() => (int)((uint)Interlocked.Increment(ref _stan) % 999_999) + 1;

    private (string Key, Iso8583Message Message) Echo()
    {
        var stan = NextStan();
        return (EchoKey(stan), new BankNetworkMessage(stan, NetworkCode.Echo).ToIso());
    }

    private async Task SignOn(Iso8583Link link, CancellationToken stop)
    {
        var (pin, sentPin) = ClearKey.Spend(MasterKey.NewKey(), key => (new PinCipher(key), _zoneMaster.Wrap(key)));
        var (mac, sentMac) = ClearKey.Spend(MasterKey.NewKey(), key => (new MessageMac(key), _zoneMaster.Wrap(key)));
        var nonce = RandomNumberGenerator.GetBytes(SignOnRequest.NonceLength);
        var stan = NextStan();
        var request = new ZoneSignOnRequest(stan, _time.GetUtcNow(), nonce, sentPin, sentMac).ToIso();
        var outcome = await link.RequestSignOn(EchoKey(stan), request, _zoneMaster.SignOnMac, SignOnTimeout);
        if (outcome is not LinkOutcome.Answered answered)
        {
            throw new IOException("The bank does not answer the sign-on. Are host, port and zone master key those of the bank?");
        }

        var answer = BankNetworkMessage.FromIso(answered.Message);
        if (answer.ResponseCode != ResponseCodes.Approved || answer.Nonce is null || !answer.Nonce.AsSpan().SequenceEqual(nonce))
        {
            throw new IOException($"The bank refuses the sign-on with code {answer.ResponseCode}.");
        }

        _zone = new ZoneKeys(pin, mac);
        _log.LogInformation("Bank line: signed on to {Host}:{Port}.", _options.Host, _options.Port);
    }

    private void TakeLate(Iso8583Message message)
    {
        if (message.Mti is not (Mti.PayAnswer or Mti.RefundAnswer) || !long.TryParse(message.Text(37), NumberStyles.None, CultureInfo.InvariantCulture, out var rrn))
        {
            return;
        }

        if (message.Mti == Mti.PayAnswer)
        {
            _late.Take(rrn, ToAnswer(message));
        }
        else
        {
            _late.TakeOfRefund(rrn, ToAnswer(message));
        }
    }

    private sealed record ZoneKeys(PinCipher Pin, MessageMac Mac);
}
