// The project says the plugin's version (9 or newer, which compiles Kotlin by itself).
plugins {
    id("com.android.library")
}

android {
    namespace = "dev.edgekit.PACKAGE"
    compileSdk = 36

    defaultConfig {
        minSdk = 24
        consumerProguardFiles("consumer-rules.pro")
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
    }

    // Models do not become smaller by it, and are copied faster without.
    androidResources {
        noCompress += "tflite"
    }
}

dependencies {
    api(project(":core"))
    // The release that this code was written to. After a change of it run the self-test.
    api("com.google.ai.edge.litert:litert:LITERT")
}
