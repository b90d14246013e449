using System.Net;
using System.Net.Sockets;
using System.Text;
using Lakala.Silo.Notices;
using Lakala.Storage;
using Lakala.Storage.Notices;
using Lakala.Vocabulary;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Tests.Notices;

/// <summary>The signature of a notice, the pauses between tries, and the addresses that are never called.</summary>
public sealed class NoticeTests
{
    [Fact]
    public void The_signature_is_that_of_the_published_example_of_standard_webhooks()
    {
        var secret = Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");

        var signature = WebhookSignature.Sign(
            secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, Encoding.UTF8.GetBytes("""{"test": 2432232314}"""));

        signature.Should().Be("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    [Fact]
    public void Eight_pauses_stretched_by_up_to_a_tenth_and_then_it_is_parked()
    {
        static TimeSpan? After(int tries, double random, double longestHours = 24) => RetrySchedule.PauseAfter(
            new Notice(Guid.Empty, "we_1", EventTypes.Paid, default, "{}", null, null, tries), new NoticeAnswer(NoticeOutcome.Failed), random, TimeSpan.FromHours(longestHours));
        var least = Enumerable.Range(1, 9).Select(tries => After(tries, 0)?.TotalSeconds);
        var most = Enumerable.Range(1, 8).Select(tries => After(tries, 1)!.Value / After(tries, 0)!.Value);
        var capped = Enumerable.Range(1, 9).Select(tries => After(tries, 0, longestHours: 1)?.TotalSeconds);

        least.Should().Equal(10, 240, 600, 600, 3_600, 7_200, 21_600, 54_000, null);
        capped.Should().Equal(10, 240, 600, 600, 3_600, 3_600, 3_600, 3_600, null);
        most.Should().AllSatisfy(stretch => stretch.Should().BeApproximately(1.1, 1e-9));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.1.2.3")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("100.64.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("255.255.255.255")]
    [InlineData("224.0.0.1")]
    [InlineData("::1")]
    [InlineData("::")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::127.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("fe80::1")]
    [InlineData("fc00::1")]
    [InlineData("ff02::1")]
    [InlineData("100.100.100.200")]
    [InlineData("192.0.0.192")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fd20:ce::254")]
    [InlineData("168.63.129.16")]
    [InlineData("::ffff:168.63.129.16")]
    public void An_address_of_our_own_network_is_not_public(string address) => PublicAddress.Is(IPAddress.Parse(address)).Should().BeFalse();

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("172.32.0.1")]
    [InlineData("::ffff:1.1.1.1")]
    [InlineData("2606:4700:4700::1111")]
    public void An_address_of_the_internet_is_public(string address) => PublicAddress.Is(IPAddress.Parse(address)).Should().BeTrue();

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("2130706433")]
    public async Task A_private_address_is_not_even_dialled_however_it_is_written(string host)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var channel = new WebhookChannel(Options.Create(new NoticeOptions { Ports = $"{port}" }), new PlainVault(), TimeProvider.System);
        var notice = new Notice(
            Guid.NewGuid(), "we_1", "bill.paid", TimeProvider.System.GetUtcNow(), "{}",
            new WebhookTarget($"http://{host}:{port}/", new byte[32], PreviousSecret: null), null, Tries: 1);

        var answer = await channel.Send(notice);

        answer.Error.Should().EndWith("has no public address");
        listener.Pending().Should().BeFalse();
    }
}

/// <summary>A key vault that does not wrap.</summary>
internal sealed class PlainVault : IKeyVault
{
    public byte[] Wrap(ReadOnlySpan<byte> key) => key.ToArray();

    public byte[] Unwrap(ReadOnlySpan<byte> wrapped) => wrapped.ToArray();

    public byte[] Authenticate(ReadOnlySpan<byte> data) => System.Security.Cryptography.SHA256.HashData(data);
}
