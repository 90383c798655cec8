using System.Globalization;

namespace AgiJobs.Storage;

/// <summary>One numbered step of a schema, kept as the resource <c>DIALECT/NNNN-NAME</c>. A step that was released is never changed.</summary>
/// <param name="Number">From 1, without gaps.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Sql">The statements.</param>
internal sealed record Migration(int Number, string Name, string Sql)
{
    /// <summary>The steps of a dialect, in order.</summary>
    public static IReadOnlyList<Migration> Of(string dialect)
    {
        var assembly = typeof(Migration).Assembly;
        return
        [
            .. assembly.GetManifestResourceNames().Where(resource => resource.StartsWith($"{dialect}/", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(resource =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
                var name = resource[(dialect.Length + 1)..];
                return new Migration(int.Parse(name.AsSpan(0, 4), CultureInfo.InvariantCulture), name[5..], reader.ReadToEnd());
            }),
        ];
    }
}
