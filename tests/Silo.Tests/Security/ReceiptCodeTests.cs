using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Silo.Gateway.Conversations;
using Lakala.Silo.Security;
using Lakala.Wire.Keys;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Tests.Security;

/// <summary>The code on a receipt: the same whenever it is made, another for each payment and each vault.</summary>
public sealed class ReceiptCodeTests : IDisposable
{
    private const string Rrn = "000000010042";

    private readonly SoftwareKeyVault _vault = Vault(1);

    public void Dispose() => _vault.Dispose();

    [Fact]
    public void A_code_is_made_again_the_same_by_every_silo_with_the_key()
    {
        using var another = Vault(1);
        using var stranger = Vault(2);

        var code = ReceiptCode.Make(_vault, Rrn);

        code.Should().MatchRegex("^[0-9]{10}$").And.Be(ReceiptCode.Make(another, Rrn));
        ReceiptCode.IsRight(another, Rrn, code).Should().BeTrue();
        ReceiptCode.IsRight(stranger, Rrn, code).Should().BeFalse();
        ReceiptCode.IsRight(_vault, "000000010043", code).Should().BeFalse();
        ReceiptCode.IsRight(_vault, Rrn, code[1..]).Should().BeFalse();
        Enumerable.Range(0, 1_000).Select(rrn => ReceiptCode.Make(_vault, $"{rrn:D12}")).Should().OnlyHaveUniqueItems();
    }

    [Theory]
    [InlineData(AttemptState.Approved, true)]
    [InlineData(AttemptState.Declined, false)]
    [InlineData(AttemptState.Reversing, false)]
    [InlineData(null, false)]
    public void Only_the_answer_to_a_payment_that_was_approved_has_it(AttemptState? state, bool hasCode) =>
        Swipe.Facts(new SwipeAnswer("00", null, state, Rrn), _vault).ReceiptCode.Should().Be(hasCode ? ReceiptCode.Make(_vault, Rrn) : null);

    private static SoftwareKeyVault Vault(byte key)
    {
        var folder = Directory.CreateTempSubdirectory("lakala-vault-").FullName;
        try
        {
            var file = Path.Combine(folder, "kek");
            KeyFile.Write(file, Enumerable.Repeat(key, MasterKey.KeyLength).ToArray());
            return new SoftwareKeyVault(Options.Create(new KeysOptions { KeyEncryptionKeyFile = file }));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
