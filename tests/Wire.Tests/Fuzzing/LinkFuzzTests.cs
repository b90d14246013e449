using System.Collections.Concurrent;
using Lakala.Vocabulary;
using Lakala.Wire.Bank;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Tests.Fuzzing;

/// <summary>The client side of a line against a peer that sends the whole corpus, under the right keys or none.</summary>
public sealed class LinkFuzzTests
{
    private const string Rrn = "000000000042";

    private readonly OtherSide _other = new();
    private readonly ConcurrentQueue<string> _troubles = new();

    [Fact]
    public async Task Whatever_a_peer_sends_costs_it_no_more_than_the_line()
    {
        await using var link = new Iso8583Link(Protocol(), new StandingTime());

        foreach (var (at, input) in Corpus.Read().Index())
        {
            var line = await _other.Accept();
            var isSignedOn = at % 2 == 0;
            var waits = isSignedOn ? await SignOn(link, line) : null;
            await SendInPieces(line, input.Bytes, 1 + at % 50);
            line.Close();

            if (waits is not null)
            {
                (await waits.Soon()).Should().NotBeOfType<LinkOutcome.NotSent>("it had left before {0} came", input.Name);
            }
        }

        var last = await _other.Accept();
        var asked = await SignOn(link, last);
        await last.Send(FuzzTarget.Mac, new Iso8583Message(Iso8583Spec.Lakala, Mti.PayAnswer).Set(37, Rrn).Set(39, ResponseCodes.Approved));
        (await asked.Soon()).Should().BeOfType<LinkOutcome.Answered>();
        link.Outstanding.Should().Be(0);
        _troubles.Should().NotBeEmpty().And.OnlyContain(trouble => !FuzzTarget.MayHoldContent(trouble));
    }

    private LinkProtocol Protocol() => new()
    {
        Connect = _ => _other.Connect(),
        SignOn = async (link, _) =>
        {
            var request = new BankNetworkMessage(1, NetworkCode.SignOn).ToIso();
            if (await link.RequestSignOn("E000001", request, FuzzTarget.Mac, TimeSpan.FromHours(1)) is not LinkOutcome.Answered)
            {
                throw new IOException("not signed on");
            }
        },
        KeyOf = message => message.Mti == Mti.NetworkAnswer ? "E" + message.Text(11) : message.Text(37),
        Mac = () => FuzzTarget.Mac,
        Echo = () => ("E000002", new BankNetworkMessage(2, NetworkCode.Echo).ToIso()),
        Trouble = _troubles.Enqueue,
        Reconnect = default,
    };

    private static async Task<Task<LinkOutcome>> SignOn(Iso8583Link link, PeerLine line)
    {
        await line.Read();
        await line.Send(FuzzTarget.Mac, new BankNetworkMessage(1, NetworkCode.SignOn, ResponseCodes.Approved).ToIso());
        await link.WaitUntilUp(TestContext.Current.CancellationToken).Soon();
        var asked = link.Request(Rrn, new Iso8583Message(Iso8583Spec.Lakala, Mti.PayRequest).Set(37, Rrn), FuzzTarget.Mac, TimeSpan.FromHours(1));
        await line.Read();
        return asked;
    }

    private static async Task SendInPieces(PeerLine line, byte[] bytes, int length)
    {
        for (var at = 0; at < bytes.Length; at += length)
        {
            await line.SendRaw(bytes.AsMemory(at, Math.Min(length, bytes.Length - at)));
        }
    }
}
