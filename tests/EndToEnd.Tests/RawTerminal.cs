using System.Buffers.Binary;
using System.Security.Cryptography;
using Lakala.Local;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;
using Lakala.Wire.Tls;

namespace Lakala.EndToEnd.Tests;

/// <summary>A terminal's line at the level of bytes, for messages that no correct terminal sends.</summary>
internal sealed class RawTerminal : IAsyncDisposable
{
    private const int Batch = 1;
    private const int Repeats = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly LocalNetwork _network;
    private readonly SeededTerminal _who;
    private readonly MasterKey _master;
    private Stream _line = Stream.Null;
    private PinCipher? _pin;
    private ClerkPasswordCipher? _passwords;
    private int _stan;

    private RawTerminal(LocalNetwork network, SeededTerminal who) =>
        (_network, _who, _master) = (network, who, new MasterKey(Convert.FromHexString(who.MasterKey)));

    /// <summary>The MAC of the session.</summary>
    public MessageMac? Mac { get; private set; }

    public int KeySet { get; private set; } = 1;

    public static async Task<RawTerminal> Connected(LocalNetwork network, SeededTerminal who)
    {
        var terminal = new RawTerminal(network, who);
        await terminal.Reconnect();
        return terminal;
    }

    public static async Task<RawTerminal> SignedOn(LocalNetwork network, SeededTerminal who)
    {
        var terminal = await Connected(network, who);
        await terminal.SignOn();
        return terminal;
    }

    public async Task SignOn()
    {
        var (answer, isAuthentic) = await TrySignOn();
        isAuthentic.Should().BeTrue();
        var signedOn = SignOnAnswer.FromIso(answer!);
        var pinKey = _master.Unwrap(signedOn.PinKey);
        (_pin, _passwords) = (new PinCipher(pinKey), new ClerkPasswordCipher(pinKey));
        Mac = new MessageMac(_master.Unwrap(signedOn.MacKey));
        KeySet = signedOn.KeySet;
    }

    public async Task Reconnect()
    {
        await _line.DisposeAsync();
        var cas = TrustedCas.Read(_network.Terminal.Ca);
        _line = await TlsLine.Connect(_network.Terminal.Host, _network.Terminal.Port, cas, null, TestContext.Current.CancellationToken);
    }

    public Origin From(int? stan = null) => new(_who.Id, _who.Store, stan ?? ++_stan);

    public Task<(Iso8583Message? Answer, bool IsAuthentic)> TrySignOn() => Ask(
        new SignOnRequest(From(), TimeProvider.System.GetUtcNow(), RandomNumberGenerator.GetBytes(SignOnRequest.NonceLength), "raw", "en").ToIso(),
        _master.SignOnMac);

    public NetworkRequest Network(int code) => new(From(), code, KeySet);

    public LookupRequest Lookup(string bill) => new(From(), Batch, bill, KeySet);

    public PayRequest Pay(string bill, long amount, TestCard card)
    {
        var pan = card.Track2.Split('=')[0];
        var block = _pin is null ? new byte[PinBlock.Length] : PinBlock.Encipher(card.Pin, pan, _pin);
        return new PayRequest(
            false, From(), Batch, bill, amount, CurrencyCode.Cny, TimeProvider.System.GetUtcNow(), "021", card.Track2, block, KeySet, null);
    }

    /// <summary>The 0220 with which the network's clerk and supervisor would give money back to the card.</summary>
    public RefundRequest Refund(string bill, long amount, TestCard card)
    {
        var (clerk, supervisor) = (_network.Seed.Clerks[0], _network.Seed.Clerks[1]);
        return new RefundRequest(
            false, From(), Batch, bill, amount, CurrencyCode.Cny, TimeProvider.System.GetUtcNow(), "021", card.Masked(), clerk.Number, supervisor.Number,
            _passwords!.Encipher(supervisor.Password), KeySet);
    }

    public async Task<RefundAnswer> AskWell(RefundRequest refund) =>
        RefundAnswer.FromIso(await (refund.IsRepeat ? AskUntilAnswered(refund.ToIso()) : AskWell(refund.ToIso())));

    /// <summary>The 0200 again as a 0201, with the card.</summary>
    public static PayRequest Repeat(PayRequest swipe) => swipe with { IsRepeat = true };

    /// <summary>A 0201 without card.</summary>
    public PayRequest Enquiry(PayRequest swipe) => swipe with { IsRepeat = true, Track2 = null, PinBlock = null, KeySet = KeySet };

    public AbandonRequest Abandon(PayRequest swipe) => new(false, swipe.From, swipe.Batch, KeySet);

    public async Task<PayAnswer> AskWell(PayRequest swipe) =>
        PayAnswer.FromIso(await (swipe.IsRepeat ? AskUntilAnswered(swipe.ToIso()) : AskWell(swipe.ToIso())));

    public async Task<AbandonAnswer> AskWell(AbandonRequest abandonment) => AbandonAnswer.FromIso(await AskUntilAnswered(abandonment.ToIso()));

    /// <summary>Sends it without waiting for an answer.</summary>
    public Task Say(Iso8583Message message) => Send(Frame(message, Mac));

    public async Task<PayAnswer> HearAnswer()
    {
        var (answer, isAuthentic) = await Read(Mac);
        isAuthentic.Should().BeTrue();
        return PayAnswer.FromIso(answer!);
    }

    public async Task<Iso8583Message> AskWell(Iso8583Message message)
    {
        var (answer, isAuthentic) = await Ask(message, Mac);
        isAuthentic.Should().BeTrue();
        return answer!;
    }

    /// <summary>Silence is possible: a message that may be repeated is sent again on a new line, as a terminal does.</summary>
    private async Task<Iso8583Message> AskUntilAnswered(Iso8583Message message)
    {
        for (var left = Repeats; ; left--)
        {
            try
            {
                return await AskWell(message);
            }
            catch (OperationCanceledException) when (left > 0 && !TestContext.Current.CancellationToken.IsCancellationRequested)
            {
                await Reconnect();
            }
        }
    }

    /// <returns>No answer when the line was closed instead.</returns>
    public async Task<(Iso8583Message? Answer, bool IsAuthentic)> Ask(Iso8583Message message, MessageMac? mac)
    {
        await Send(Frame(message, mac));
        return await Read(mac);
    }

    public async Task Send(ReadOnlyMemory<byte> bytes)
    {
        await _line.WriteAsync(bytes, TestContext.Current.CancellationToken);
        await _line.FlushAsync(TestContext.Current.CancellationToken);
    }

    public async Task<(Iso8583Message? Answer, bool IsAuthentic)> Read(MessageMac? mac)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Patience);
        try
        {
            var prefix = new byte[Iso8583Frame.PrefixLength];
            await _line.ReadExactlyAsync(prefix, bound.Token);
            var bytes = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
            await _line.ReadExactlyAsync(bytes, bound.Token);
            var answer = Iso8583Codec.Decode(Iso8583Spec.Lakala, bytes);
            return (answer, mac?.Verify(answer, bytes) ?? false);
        }
        catch (IOException)
        {
            return (null, false);
        }
    }

    public static byte[] Frame(Iso8583Message message, MessageMac? mac)
    {
        var bytes = new byte[Iso8583Frame.PrefixLength + Iso8583Frame.MaxLength];
        var length = Iso8583Codec.Encode(message, bytes.AsSpan(Iso8583Frame.PrefixLength), mac);
        return Frame(bytes.AsSpan(Iso8583Frame.PrefixLength, length));
    }

    public static byte[] Frame(ReadOnlySpan<byte> message)
    {
        var frame = new byte[Iso8583Frame.PrefixLength + message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)message.Length);
        message.CopyTo(frame.AsSpan(Iso8583Frame.PrefixLength));
        return frame;
    }

    public async ValueTask DisposeAsync()
    {
        await _line.DisposeAsync();
        _master.Dispose();
    }
}
