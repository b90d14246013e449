using System.Security.Cryptography;
using Lakala.Rules.Attempts;
using Lakala.Silo.Security;
using Lakala.Storage;
using Lakala.Wire.Keys;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Silo.Tests.Security;

/// <summary>PIN keys are cached only while their sessions send PINs.</summary>
public sealed class PinTranslatorTests : IDisposable
{
    private const string Pan = "6228480000000000000", Track = Pan + "=49122010000000000";

    private readonly FakeTimeProvider _time = new();
    private readonly OpenVault _vault = new();
    private readonly PinCipher _zone = new(new byte[MasterKey.KeyLength]);
    private readonly SoftwarePinTranslator _translator;

    public PinTranslatorTests() => _translator = new SoftwarePinTranslator(_vault, _time);

    public void Dispose() => _translator.Dispose();

    [Fact]
    public void A_PIN_key_is_unwrapped_once_for_a_session_and_replaced_by_that_of_the_next()
    {
        var (first, second) = (MasterKey.NewKey(), MasterKey.NewKey());
        for (var swipe = 0; swipe < 5; swipe++)
        {
            Translates(1, first);
            _time.Advance(SoftwarePinTranslator.Generation);
        }

        _vault.Given.Should().HaveCount(1);
        Translates(2, second);
        Translates(2, second);
        _vault.Given.Should().HaveCount(2);
        Translates(1, first);
        _vault.Given.Should().HaveCount(3, "the key of the session before is not kept");
        _vault.Given.Should().OnlyContain(key => key.All(one => one == 0), "what the vault has given is wiped");
    }

    [Fact]
    public void A_session_that_brings_no_more_pins_leaves_no_key_behind()
    {
        var key = MasterKey.NewKey();
        Translates(1, key);
        _time.Advance(2 * SoftwarePinTranslator.Generation);
        Translates(1, key);

        _vault.Given.Should().HaveCount(2);
    }

    [Fact]
    public void A_key_is_wiped_even_when_nothing_comes_of_it()
    {
        var key = MasterKey.NewKey();

        FluentActions.Invoking(() => ClearKey.Spend<int>(key, _ => throw new CryptographicException())).Should().Throw<CryptographicException>();

        key.Should().OnlyContain(one => one == 0);
    }

    private void Translates(int keySet, byte[] key)
    {
        var card = new PresentedCard("622848*********0000", Track, PinBlock.Encipher("1234", Pan, new PinCipher(key)), new PinKey("T0000001", keySet, key));
        PinBlock.TryDecipher(_translator.Translate(card, _zone), Pan, _zone, out var pin).Should().BeTrue();
        pin.Should().Be("1234");
    }

    /// <summary>A key vault that does not wrap, and records its calls.</summary>
    private sealed class OpenVault : IKeyVault
    {
        public List<byte[]> Given { get; } = [];

        public byte[] Wrap(ReadOnlySpan<byte> key) => key.ToArray();

        public byte[] Unwrap(ReadOnlySpan<byte> wrapped)
        {
            Given.Add(wrapped.ToArray());
            return Given[^1];
        }

        public byte[] Authenticate(ReadOnlySpan<byte> data) => throw new NotSupportedException();
    }
}
